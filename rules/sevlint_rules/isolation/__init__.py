"""Is what surrounds the guests closed to others?"""
