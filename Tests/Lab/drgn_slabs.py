#!/usr/bin/env python3
"""Prints what drgn finds in the slabs of one cache: drgn_slabs.py DUMP VMLINUX CACHE.

A line for each object that is in use, with its first word, and how many of all are free: every free list is walked.
"""
import sys

from drgn import Program
from drgn.helpers.linux.slab import find_slab_cache, slab_cache_for_each_allocated_object, slab_cache_usage

dump, vmlinux, name = sys.argv[1:]
program = Program()
program.set_core_dump(dump)
program.load_debug_info([vmlinux])

cache = find_slab_cache(program, name)
usage = slab_cache_usage(cache)
print(usage.num_slabs, usage.num_objs, usage.free_objs)
for place in slab_cache_for_each_allocated_object(cache, "unsigned long"):
    print(hex(place.value_()), hex(place[0].value_()))
