"""What a plan or state says of resources, and which of them name one another."""
