#!/usr/bin/env python3
"""Prints what drgn finds in a dump: drgn_report.py DUMP VMLINUX [tasks]. Equal dumps print equal lines.

With "tasks": of tasks, their stacks, modules and the log only."""
import sys

from drgn import FaultError, Program
from drgn.helpers.linux.module import for_each_module
from drgn.helpers.linux.pid import for_each_task
from drgn.helpers.linux.printk import get_dmesg
from drgn.helpers.linux.slab import for_each_slab_cache, slab_cache_for_each_allocated_object, slab_cache_usage

dump, vmlinux = sys.argv[1:3]
wants_slabs = sys.argv[3:] != ["tasks"]
program = Program()
program.set_core_dump(dump)
program.load_debug_info([vmlinux])

for task in for_each_task(program):
    print("task", task.pid.value_(), task.comm.string_().decode(), hex(task.value_()))
    try:
        # Behind the last frame drgn may guess one more of what it can read there.
        print("\n".join(f"  {frame.name}" for frame in program.stack_trace(task) if not frame.name.startswith("0x")))
    except (FaultError, ValueError):  # the words differ from one kind of dump to another
        print("  no stack")
for module in for_each_module(program):
    print("module", module.name.string_().decode())
for cache in for_each_slab_cache(program) if wants_slabs else []:
    usage = slab_cache_usage(cache)
    print("slab", cache.name.string_().decode(), cache.size.value_(), usage.num_slabs, usage.num_objs, usage.free_objs)
    if cache.name.string_() in (b"task_struct", b"dentry", b"filp"):
        print("  allocated", sum(1 for _ in slab_cache_for_each_allocated_object(cache, "void")))
print(get_dmesg(program).decode(errors="replace"))
