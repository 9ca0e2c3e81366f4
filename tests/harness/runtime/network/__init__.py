"""The private network of an account: load balancers, their certificates, and names."""
