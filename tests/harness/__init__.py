"""Applies the platform with real Terraform to an embedded AWS and drives what was deployed."""
