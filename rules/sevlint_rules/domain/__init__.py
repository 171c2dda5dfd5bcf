"""Will this domain start, and be protected?"""
