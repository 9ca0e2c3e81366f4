"""The daily log review: runs saved queries over a period and tells what they found."""
