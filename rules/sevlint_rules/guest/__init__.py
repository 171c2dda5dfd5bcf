"""Is the guest really protected, and healthy?"""
