#!/usr/bin/env python3
"""Prints of each process the physical address of its top page table, its name and its arguments.

drgn_processes.py DUMP VMLINUX. The arguments lie in the process's own memory: its page tables are walked for them.
"""
import sys

from drgn import FaultError, Program
from drgn.helpers.linux.mm import cmdline, virt_to_phys
from drgn.helpers.linux.pid import for_each_task

dump, vmlinux = sys.argv[1:]
program = Program()
program.set_core_dump(dump)
program.load_debug_info([vmlinux])

for task in for_each_task(program):
    if task.mm:
        try:
            words = cmdline(task)
        except FaultError:
            words = "unreadable"
        print(hex(virt_to_phys(task.mm.pgd).value_()), task.comm.string_().decode(), words)
