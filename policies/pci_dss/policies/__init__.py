"""The policies, by what they are about. A new module here is found by itself."""
