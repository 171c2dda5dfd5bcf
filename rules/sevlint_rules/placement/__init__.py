"""Does it all fit, and does it lie where it runs?"""
