#!/usr/bin/env python3
"""Says of each page of a vmcore what it is, by the kernel's own struct page and debug information:
drgn_pages.py VMCORE VMLINUX

One line for each run of frames: class, first pfn, last pfn. Classes: free, cache, private (cache with private data),
user (anonymous and hugetlbfs), poisoned, offline. A frame may be in more than one; one that is in none must be kept.
One more is image: what the kernel still has of its text and data, from _text to _end. What it freed after it had
booted is not in it, as the symbols of its sections and PG_reserved say.

It judges collectors, so it goes another way than they do: it asks each page for its compound head, where they go from
a head over its tails. Linux 4.18 and later.
"""
import struct
import sys

from drgn import FaultError, Program, offsetof, sizeof

vmcore, vmlinux = sys.argv[1:]
program = Program()
program.set_core_dump(vmcore)
program.load_debug_info([vmlinux])

info = dict(line.split("=", 1) for line in program["VMCOREINFO"].string_().decode().splitlines() if "=" in line)


def page_type(name):
    value = info.get(f"NUMBER(PAGE_{name}_MAPCOUNT_VALUE)")
    return None if value is None else int(value) & 0xFFFFFFFF


buddy, offline, slab, hugetlb = (page_type(name) for name in ("BUDDY", "OFFLINE", "SLAB", "HUGETLB"))
# From 6.12 on the type is the top byte, and what is below belongs to the type.
mask = 0xFF000000 if buddy == 0xF0000000 else 0xFFFFFFFF


def flag(name):
    try:
        return 1 << program.constant("PG_" + name).value_()
    except LookupError:
        return 0


lru, private, swapcache, swapbacked, poison, slab_flag = map(
    flag, ("lru", "private", "swapcache", "swapbacked", "hwpoison", "slab"))
page = program.type("struct page")
size = sizeof(page)
at = {name: offsetof(page, name) for name in ("flags", "mapping", "_mapcount", "private", "compound_head")}
dtor = offsetof(page, "compound_dtor") if page.has_member("compound_dtor") else None
vmemmap = program["vmemmap_base"].value_()
section = 1 << 27 >> 12  # pages of 128 MiB

pages = {}  # pfn of a section's first page -> its part of the mem_map
for first in range(0, program["max_pfn"].value_(), section):
    try:
        pages[first] = program.read(vmemmap + first * size, section * size)
    except FaultError:
        pass


def word(pfn, name, form="<Q"):
    return struct.unpack_from(form, pages[pfn - pfn % section], pfn % section * size + at[name])[0]


def classes_of(pfn):
    """The classes of a page that belong to its compound head."""
    flags, kind = word(pfn, "flags"), word(pfn, "_mapcount", "<I") & mask
    is_slab = kind == slab if slab is not None else flags & slab_flag
    anonymous = word(pfn, "mapping") & 1 and not is_slab
    cached = flags & lru or (flags & swapcache and flags & swapbacked)
    if hugetlb is not None:
        huge = kind == hugetlb
    else:  # the destructor is in the first tail of a head
        huge = False
        if dtor is not None and flags & (1 << program.constant("PG_head").value_()):
            data, place = pages[pfn - pfn % section], pfn % section * size
            huge = data[place + size + dtor] == int(info["NUMBER(HUGETLB_PAGE_DTOR)"])
    found = set()
    if cached and not anonymous:
        found.add("private" if flags & private else "cache")
    if anonymous or huge:
        found.add("user")
    if kind == offline and not is_slab:
        found.add("offline")
    return found


runs = {}


def note(name, pfn):
    run = runs.setdefault(name, [])
    if run and run[-1][1] == pfn - 1:
        run[-1][1] = pfn
    else:
        run.append([pfn, pfn])


heads = {}
for first in sorted(pages):
    free_until = 0
    for pfn in range(first, first + section):
        link = word(pfn, "compound_head")
        head = (link - 1 - vmemmap) // size if link & 1 else pfn
        if head - head % section not in pages:
            head = pfn
        if head not in heads:
            heads[head] = classes_of(head)
        for name in heads[head]:
            note(name, pfn)
        if word(pfn, "flags") & poison:
            note("poisoned", pfn)
        if head == pfn and word(pfn, "_mapcount", "<I") & mask == buddy:
            free_until = max(free_until, pfn + (1 << word(pfn, "private")))
        if pfn < free_until:
            note("free", pfn)

def address(name):
    try:
        return program.symbol(name).address
    except LookupError:
        return 0


base = int(info["NUMBER(phys_base)"]) - 0xFFFFFFFF80000000
stretches = [(address(first), address(last)) for first, last in (
    ("__init_begin", "__init_end"), ("__smp_locks", "__smp_locks_end"), ("_etext", "__start_rodata"),
    ("__end_rodata", "_sdata"), ("__start_bss_decrypted_unused", "__end_bss_decrypted"))]
stretches.append((program["_brk_end"].value_(), address("__brk_limit")))
reserved = flag("reserved")
for pfn in range(address("_text") + base >> 12, (address("_end") + base - 1 >> 12) + 1):
    place = (pfn << 12) - base
    freed = any(first <= place and place + 4096 <= last for first, last in stretches)
    if not freed or word(pfn, "flags") & reserved:
        note("image", pfn)

for name, list_of_runs in runs.items():
    for run in list_of_runs:
        print(name, *run)
