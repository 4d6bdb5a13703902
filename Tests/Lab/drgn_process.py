#!/usr/bin/env python3
"""drgn_process.py VMCORE VMLINUX COMM: the frames that processes of a name have mapped, one a line.

drgn walks the page tables for each page of each area of theirs; it is the other opinion on --keep-comm.
"""
import sys

import drgn
from drgn import FaultError
from drgn.helpers.linux.mm import follow_phys, for_each_vma
from drgn.helpers.linux.pid import for_each_task

prog = drgn.Program()
prog.set_core_dump(sys.argv[1])
prog.load_debug_info([sys.argv[2]])
frames = set()
for task in for_each_task(prog):
    if task.comm.string_() != sys.argv[3].encode() or not task.mm:
        continue
    for vma in for_each_vma(task.mm):
        for address in range(vma.vm_start.value_(), vma.vm_end.value_(), 4096):
            try:
                frames.add(follow_phys(task.mm, address).value_() >> 12)
            except FaultError:
                pass
for frame in sorted(frames):
    print(frame)
