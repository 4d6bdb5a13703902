#!/usr/bin/env python3
"""Prints, as JSON, what drgn finds of a crash: drgn_crash.py DUMP VMLINUX. Addresses are hexadecimal strings."""
import json, sys

from drgn import FaultError, Program
from drgn.helpers.common.format import escape_ascii_string
from drgn.helpers.linux.cpumask import for_each_online_cpu
from drgn.helpers.linux.list import list_for_each_entry
from drgn.helpers.linux.module import for_each_module
from drgn.helpers.linux.pid import for_each_task
from drgn.helpers.linux.sched import cpu_curr, task_state_to_char
from drgn.helpers.linux.slab import for_each_slab_cache

dump, vmlinux = sys.argv[1:3]
program = Program()
program.set_core_dump(dump)
program.load_debug_info([vmlinux])


def task(value):
    return {"pid": value.pid.value_(), "name": escape_ascii_string(value.comm.string_()),
            "address": hex(value.value_()), "state": task_state_to_char(value)}


def stack(value):
    try:
        # Behind the last frame drgn may guess one at address 0, whose code nobody can name.
        frames = [frame for frame in program.stack_trace(value) if not frame.is_inline and frame.pc != 0]
    except (FaultError, ValueError, LookupError) as error:
        return {"error": str(error)}
    return {"addresses": [hex(frame.pc) for frame in frames], "names": [names(frame) for frame in frames]}


def names(frame):
    """All names that the symbol tables have for a frame's code: the one of its debug information is the source's."""
    address = frame.pc if frame.interrupted else frame.pc - 1
    return [symbol.name for symbol in program.symbols(address)] + [frame.name]


def modules():
    for module in for_each_module(program):
        try:
            sizes = [part.size.value_() for part in module.mem]
        except AttributeError:
            sizes = [module.core_layout.size.value_(), module.init_layout.size.value_()]
        yield {"name": module.name.string_().decode(), "bytes": sum(sizes), "taints": module.taints.value_()}


def slabs():
    """As /proc/slabinfo counts: what processors have of their own is in use."""
    for cache in for_each_slab_cache(program):
        slabs = objects = free = 0
        for number in range(program["nr_node_ids"]):
            node = cache.node[number]
            if not node:
                continue
            slabs += node.nr_slabs.counter.value_()
            objects += node.total_objects.counter.value_()
            for slab in list_for_each_entry("struct slab", node.partial.address_of_(), "slab_list"):
                free += slab.objects.value_() - slab.inuse.value_()
        yield {"name": escape_ascii_string(cache.name.string_()), "slabs": slabs, "objects": objects, "free": free}


def counter(item):
    for enumeration, array in (("zone_stat_item", "vm_zone_stat"), ("node_stat_item", "vm_node_stat")):
        try:
            index = dict((name, value) for name, value in program.type(f"enum {enumeration}").enumerators)[item]
        except KeyError:
            continue
        return program[array][index].counter.value_()


current = {cpu: cpu_curr(program, cpu) for cpu in for_each_online_cpu(program)}
running = {value.value_() for value in current.values()}


def is_running(value):
    """Also of one that is just being left: drgn gives it the registers of the processor, on which another's stack may be."""
    return value.value_() in running or bool(value.on_cpu)


print(json.dumps({
    "cpus": {str(cpu): dict(task(value), stack=stack(value)) for cpu, value in current.items()},
    "tasks": [dict(task(value), running=is_running(value), stack=stack(value)) for value in for_each_task(program)],
    "modules": list(modules()),
    "slabs": list(slabs()),
    "pages": {name: counter(name) for name in (
        "NR_FREE_PAGES", "NR_FILE_PAGES", "NR_SLAB_RECLAIMABLE_B", "NR_SLAB_UNRECLAIMABLE_B", "NR_ANON_MAPPED", "NR_SHMEM")},
    "total": program["_totalram_pages"].counter.value_(),
    "taint": program["tainted_mask"].value_(),
}))
