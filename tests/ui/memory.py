# SPDX-FileCopyrightText: The Cardea authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is in the memory of a process."""

import re

HUGE = 1 << 32  # the map of a sanitizer, which holds nothing of the program's


def regions(pid):
    """(from, to, locked) of all memory of a process that can be read."""
    found = []
    with open(f'/proc/{pid}/smaps', encoding='utf-8') as maps:
        for line in maps:
            head = re.match(r'([0-9a-f]+)-([0-9a-f]+) r', line)
            if re.match(r'[0-9a-f]+-[0-9a-f]+ ', line):
                found.append([int(head[1], 16), int(head[2], 16), False] if head and '[v' not in line else None)
            elif line.startswith('VmFlags:') and found[-1]:
                found[-1][2] = ' lo' in line
    return [region for region in found if region and region[1] - region[0] < HUGE]


def search_memory(pid, needle):
    """Where the needle is: a list of whether that memory is locked."""
    where = []
    with open(f'/proc/{pid}/mem', 'rb', buffering=0) as memory:
        for start, stop, is_locked in regions(pid):
            memory.seek(start)
            try:
                where += [is_locked] * memory.read(stop - start).count(needle)
            except OSError:
                continue  # memory of a device
    return where
