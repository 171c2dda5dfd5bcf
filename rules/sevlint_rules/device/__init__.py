"""Can the hypervisor reach it?"""
