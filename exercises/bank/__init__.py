"""The bank: what is asked, what is right, and the mistakes that are known by name."""
