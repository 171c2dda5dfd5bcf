"""Does this boot allow it, and will the next?"""
