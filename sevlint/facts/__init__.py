"""What evidence means: frozen, typed facts by subject. One module per area, imported by who needs them."""
