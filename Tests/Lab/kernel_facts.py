#!/usr/bin/env python3
"""Prints what a kernel tells of its pages: kernel_facts.py VMCORE

One fact a line, sorted: every key of VMCOREINFO, with its value where it is of pages; the enumerations of BTF that say
what pages are; and which members BTF has of those that are looked for. Tests/Lab/known-kernels holds what is known.
"""
import mmap
import struct
import sys

# Values of these do not depend on how a kernel was configured or where it lies.
VALUED = ("OFFSET(page.", "OFFSET(folio.", "OFFSET(mem_section.", "OFFSET(list_head.", "SIZE(page)", "NUMBER(PG_",
          "NUMBER(PAGE_", "NUMBER(HUGETLB_PAGE_DTOR)", "NUMBER(NR_FREE_PAGES)", "LENGTH(zone.free_area)")
ENUMERATIONS = ("pageflags", "pagetype", "compound_dtor_id")
MEMBERS = {
    "page": "flags mapping lru _mapcount page_type private compound_head compound_info compound_order compound_dtor "
            "slab_cache freelist inuse objects",
    "folio": "flags mapping _folio_order _folio_dtor _flags_1",
    "slab": "slab_cache freelist inuse objects",
    "kmem_cache": "size offset name red_left_pad random cpu_slab",
    "kmem_cache_cpu": "freelist slab page",
    "mem_section": "section_mem_map",
    "kimage": "nr_segments segment",
    "task_struct": "tasks comm mm",
    "mm_struct": "pgd",
}
# Kinds of BTF: bytes behind the type, bytes of each element.
SIZES = {1: (4, 0), 3: (12, 0), 4: (0, 12), 5: (0, 12), 6: (0, 8), 13: (0, 8), 14: (4, 0), 15: (0, 12), 17: (4, 0),
         19: (0, 12)}
EMPTY = (2, 7, 8, 9, 10, 11, 12, 16, 18)


def segments(core):
    offset, = struct.unpack_from("<Q", core, 32)
    count, = struct.unpack_from("<H", core, 56)
    return [struct.unpack_from("<IIQQQQ", core, offset + 56 * index) for index in range(count)]


def vmcoreinfo(core):
    _, _, start, _, _, size = next(segment for segment in segments(core) if segment[0] == 4)
    notes = core[start:start + size]
    place = notes.index(b"OSRELEASE=")
    return notes[place:].split(b"\0", 1)[0].decode()  # the last note of all may end without padding


class BTF:
    def __init__(self, core):
        image = next(core[start:start + size] for kind, _, start, address, _, size in segments(core)
                     if kind == 1 and address >= 0xFFFFFFFF80000000)
        at = -1
        while True:
            at = image.find(b"\x9f\xeb\x01\0", at + 1)
            if at < 0:
                sys.exit(f"{sys.argv[1]}: there is no BTF in the kernel's image")
            header, types, types_size, strings, strings_size = struct.unpack_from("<5I", image, at + 4)
            # What looks like the header of BTF elsewhere is of no such size.
            if header in (24, 32) and types_size > 1 << 20 and at + header + strings + strings_size <= len(image):
                break
        sizes = dict(SIZES)
        if header == 32:
            place, length = struct.unpack_from("<2I", image, at + 24)
            for kind in range(length // 4):
                sizes.setdefault(kind, tuple(image[at + header + place + 4 * kind:][:2]))
        sizes.update({kind: (0, 0) for kind in EMPTY})
        self.types = image[at + header + types:][:types_size]
        self.strings = image[at + header + strings:][:strings_size]
        self.places = [None]
        self.named = {}
        place = 0
        while place < types_size:
            name, info, _ = struct.unpack_from("<3I", self.types, place)
            kind, count = info >> 24 & 0x7F, info & 0xFFFFFF
            self.places.append(place)
            if kind in (4, 5, 6, 19):
                self.named.setdefault((kind, self.string(name)), place)
            fixed, element = sizes[kind]
            place += 12 + fixed + element * count

    def string(self, offset):
        return self.strings[offset:self.strings.index(b"\0", offset)].decode()

    def enumeration(self, name):
        place = self.named.get((6, name))
        if place is None:
            return {}
        count = struct.unpack_from("<I", self.types, place + 4)[0] & 0xFFFFFF
        values = (struct.unpack_from("<Ii", self.types, place + 12 + 8 * index) for index in range(count))
        return {self.string(offset): value for offset, value in values}

    def members(self, place, depth=0):
        """All names of members, also of unnamed structures inside."""
        names = set()
        count = struct.unpack_from("<I", self.types, place + 4)[0] & 0xFFFFFF
        for index in range(count):
            name, target, _ = struct.unpack_from("<3I", self.types, place + 12 + 12 * index)
            if name and self.string(name):
                names.add(self.string(name))
                continue
            while True:  # behind qualifiers
                kind = struct.unpack_from("<I", self.types, self.places[target] + 4)[0] >> 24 & 0x7F
                if kind not in (8, 9, 10, 11, 18):
                    break
                target = struct.unpack_from("<I", self.types, self.places[target] + 8)[0]
            if kind in (4, 5) and depth < 16:
                names |= self.members(self.places[target], depth + 1)
        return names


def facts(path):
    with open(path, "rb") as file:
        core = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        for line in vmcoreinfo(core).splitlines():
            key = line.split("=", 1)[0]
            if not key.startswith(("NUMBER(PAGE_OFFSET", "NUMBER(PAGE_SHIFT")) and key.startswith(VALUED):
                yield f"VMCOREINFO {line}"
            elif key != "CRASHTIME":
                yield f"VMCOREINFO {key}"
        types = BTF(core)
        for name in ENUMERATIONS:
            for enumerator, value in types.enumeration(name).items():
                yield f"enum {name} {enumerator}={value}"
        for name, wanted in MEMBERS.items():
            place = types.named.get((4, name))
            if place is None:
                yield f"struct {name}: none"
                continue
            have = types.members(place)
            for member in wanted.split():
                yield f"struct {name} {member}: {'yes' if member in have else 'no'}"


print("\n".join(sorted(facts(sys.argv[1]))))
