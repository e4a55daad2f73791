"""layout='legacy': the bytes of doc/legacy.md 8.3, shared with a program that knows only these.

The partner is foreign_legacy.py, in a process of its own. Quirks are in test_arrays_quirks.py.
"""
import json
import struct
import unittest
from collections import OrderedDict

import arrays_table
import foreign_legacy
import shm
from arrays_world import (BACKEND, DEADLINE, EAGAIN, EINVAL, NumpyCase, copies, filled, memory, named,
                          np, remove_keys, sa, scaled, semaphore, waits_for)

# Formats of struct and the types of numpy that are the same bytes.
FORMATS = [('<b', 'i1'), ('<B', 'u1'), ('<h', '<i2'), ('<i', '<i4'), ('<q', '<i8'), ('<Q', '<u8'),
           ('<f', '<f4'), ('<d', '<f8'), ('>h', '>i2'), ('>i', '>i4'), ('>q', '>i8'), ('>f', '>f4'),
           ('>d', '>f8'), ('<?', 'bool')]


def raw(a, partition=0):
    """The bytes of a partition's segment, all of them."""
    segment = memory(a, partition)
    key = a.get_keys()[partition].memory_key
    wrapper = __import__('shm_wrapper').SharedMemoryHandle(key)
    return bytes(wrapper.read(segment.size, plain=True))


class Case(NumpyCase):

    def foreign(self, *arguments):
        """What the partner prints, as JSON."""
        program = self.program(BACKEND, *arguments, program='foreign_legacy.py')
        status, out = program.finish()
        self.assertEqual(status, 0)
        return json.loads(out) if out else None

    def foreign_group(self, form, *arrays):
        """The keys of a group that the partner has made; it is removed at the end."""
        keys = self.foreign('create', form, json.dumps(arrays))
        self.addCleanup(remove_keys, [keys])
        return keys


class TestBytes(Case):
    """L8.3.1."""

    def check(self, arrays, expected, **options):
        a = self.made(arrays, layout='legacy', **options)
        self.assertEqual([raw(a, i) for i in range(len(a.get_keys()))], expected)
        a.write_arrays(OrderedDict((n, np.zeros_like(v)) for n, v in arrays.items()))
        self.assertFalse(any(any(bytearray(raw(a, i))) for i in range(len(expected))))
        a.write_arrays(arrays)
        self.assertEqual([raw(a, i) for i in range(len(expected))], expected)

    def test_group_order(self):
        """[1, 2, 3] elements are the group [2, 1, 0], [3, 2, 1] the group [0, 1, 2]."""
        self.check(OrderedDict([('a', np.array([1.0])), ('b', np.array([2.0, 3.0])),
                                ('c', np.array([4.0, 5.0, 6.0]))]),
                   [struct.pack('<6d', 4, 5, 6, 2, 3, 1)])
        self.check(OrderedDict([('a', np.array([4.0, 5.0, 6.0])), ('b', np.array([2.0, 3.0])),
                                ('c', np.array([1.0]))]),
                   [struct.pack('<6d', 4, 5, 6, 2, 3, 1)])

    def test_equal_sizes_are_in_reverse(self):
        self.check(OrderedDict((i, np.full(2, i, '<i4')) for i in range(3)),
                   [struct.pack('<6i', 2, 2, 1, 1, 0, 0)])

    def test_every_format(self):
        def check(form, dtype):
            values = [0, 1, 1, 0, 1]
            arrays = OrderedDict([('x', np.array(values[:2], dtype)), ('y', np.array(values[2:], dtype))])
            self.check(arrays, [foreign_legacy.pack(form, [values[2:], values[:2]])])

        self.each(FORMATS, check)

    def test_no_padding(self):
        """A group of odd sizes, so that nothing is aligned."""
        arrays = OrderedDict([('a', np.array([1], '<i2')), ('b', np.arange(3, dtype='<i2') + 5),
                              ('c', np.arange(5, dtype='<i2') + 10)])
        self.check(arrays, [struct.pack('<9h', 10, 11, 12, 13, 14, 5, 6, 7, 1)])

    def test_c_order(self):
        matrix = np.arange(6, dtype='<i4').reshape(2, 3)
        for value in (matrix, np.asfortranarray(matrix)):
            self.check(named(x=value), [struct.pack('<6i', 0, 1, 2, 3, 4, 5)])
        self.check(named(x=matrix.T), [struct.pack('<6i', 0, 3, 1, 4, 2, 5)])

    def test_big_endian_store(self):
        self.check(named(x=np.array([1.5, -2.0])), [struct.pack('>2d', 1.5, -2.0)], store_dtype='>f8')
        self.check(named(x=np.array([1.5, -2.0], '>f4')), [struct.pack('>2f', 1.5, -2.0)])

    def test_store_dtype_narrows(self):
        with self.loss():
            self.check(named(x=np.array([0.1, 2.0])), [struct.pack('<2f', 0.1, 2.0)], store_dtype='<f4')

    def test_the_first_type_is_that_of_all(self):
        self.check(OrderedDict([('f', np.array([0.5])), ('i', np.array([7, -3], '<i4'))]),
                   [struct.pack('<3d', 7, -3, 0.5)])

    def test_structures_and_texts(self):
        record = np.array([(1, 2.5), (-3, 4.0)], [('n', '<i4'), ('x', '<f8')])
        self.check(named(x=record), [struct.pack('<idid', 1, 2.5, -3, 4.0)])
        self.check(named(x=np.array([b'ab', b'abcde'])), [b'ab\0\0\0abcde'])

    def test_several_groups(self):
        """The table's [30000, 10000, 20000, 5000] is [0] [2, 1] [3]."""
        sizes = [30000, 10000, 20000, 5000]
        arrays = OrderedDict((i, np.full(n, i + 1, 'u1')) for i, n in enumerate(sizes))
        self.check(arrays, [b'\1' * 30000, b'\3' * 20000 + b'\2' * 10000, b'\4' * 5000])

    def test_the_partition_table(self):
        def check(sizes, min_size, groups):
            if min_size != 20000 or sum(sizes) == 0:
                return
            arrays = OrderedDict((i, np.full(n, i + 1, 'u1')) for i, n in enumerate(sizes))
            a = self.made(arrays, layout='legacy')
            self.assertEqual([raw(a, i) for i in range(len(groups))],
                             [b''.join(struct.pack('B', i + 1) * sizes[i] for i in group)
                              for group in groups])

        self.each(arrays_table.PARTITIONS, check)

    def test_exact_sizes(self):
        for count, dtype in ((1, 'i1'), (5, 'i1'), (4097, 'u1'), (3, 'f8'), (2, 'c16')):
            a = self.made(named(x=np.zeros(count, dtype)), layout='legacy')
            self.assertEqual(memory(a).size, count * np.dtype(dtype).itemsize)
            self.assertEqual(a.total_size, memory(a).size)

    def test_objects(self):
        """8.1: permissions 0666 and value 1."""
        a = self.made(named(x=np.zeros(3)), layout='legacy')
        self.assertEqual((memory(a).perm, semaphore(a).perm, semaphore(a).val), (0o666, 0o666, 1))

    def test_the_partner_finds_the_exact_size(self):
        """Looked at by the partner's own calls, which know no numpy and no library."""
        a = self.made(named(x=np.zeros(5, 'u1')), layout='legacy')
        pair = [int(key) for key in a.get_keys()[0]]
        for size, exact in ((5, True), (4, False)):
            group = foreign_legacy.GROUPS[BACKEND](size, *pair)
            self.assertEqual(group.has_exact_size(), exact)


class TestBothDirections(Case):

    def test_the_partner_reads(self):
        def check(form, dtype):
            a = self.made(OrderedDict([('x', np.array([1, 0], dtype)), ('y', np.array([0, 1, 1], dtype))]),
                          layout='legacy')
            got = self.foreign('read', form, 5, json.dumps(a.get_keys()[0]))
            self.assertEqual(got, [0, 1, 1, 1, 0])

        self.each(FORMATS, check)

    def test_the_partner_writes(self):
        a = self.made(OrderedDict([('x', np.zeros(2)), ('y', np.zeros((3, 1)))]), layout='legacy')
        self.foreign('write', '<d', '[[1.5, 2.5, 3.5], [-1, -2]]', json.dumps(a.get_keys()[0]))
        self.holds(a, OrderedDict([('x', np.array([-1.0, -2.0])),
                                   ('y', np.array([[1.5], [2.5], [3.5]]))]))

    def test_the_partner_creates(self):
        def check(form, dtype):
            keys = self.foreign_group(form, [1, 0, 1], [0, 1])
            a = self.closing(sa.SHMArrays(OrderedDict([('x', np.zeros(2, dtype)),
                                                       ('y', np.zeros(3, dtype))]), keys=[keys]))
            self.assertEqual(a.layout, 'legacy')
            self.equal_all(a.read_arrays(), OrderedDict([('x', np.array([0, 1], dtype)),
                                                         ('y', np.array([1, 0, 1], dtype))]))
            a.write_arrays(OrderedDict([('x', np.array([1, 1], dtype)), ('y', np.zeros(3, dtype))]))
            self.assertEqual(self.foreign('read', form, 5, json.dumps(keys)), [0, 0, 0, 1, 1])

        self.each(FORMATS, check)

    def test_several_groups(self):
        sizes = [20001, 20000, 1, 20000, 1]
        groups = [[0], [3], [1, 4], [2]]
        keys = [self.foreign_group('<B', *[[i + 1] * sizes[i] for i in group]) for group in groups]
        a = self.closing(sa.SHMArrays(OrderedDict((i, np.zeros(n, 'u1')) for i, n in enumerate(sizes)),
                                      keys=keys))
        self.assertEqual(a.layout, 'legacy')
        self.equal_all(a.read_arrays(), OrderedDict((i, np.full(n, i + 1, 'u1'))
                                                    for i, n in enumerate(sizes)))
        a.add_updates(OrderedDict((i, np.full(n, 10, 'u1')) for i, n in enumerate(sizes)))
        for group, pair in zip(groups, keys):
            self.assertEqual(self.foreign('read', '<B', sum(sizes[i] for i in group), json.dumps(pair)),
                             [i + 11 for i in group for _ in range(sizes[i])])

    def test_update_writes_back(self):
        a = self.made(OrderedDict([('x', np.zeros(2)), ('y', np.ones(3))]), layout='legacy')
        a.update_arrays(OrderedDict([('x', np.ones(2)), ('y', np.full(3, 5.0))]),
                        lambda new, old: new - old)
        self.assertEqual(raw(a), struct.pack('<5d', 4, 4, 4, 1, 1))
        self.assertEqual(self.foreign('read', '<d', 5, json.dumps(a.get_keys()[0])), [4, 4, 4, 1, 1])

    def test_one_lock_for_both(self):
        """Both add to the same numbers under the one semaphore: the sum is exact."""
        a, rounds = self.made(filled(0.0, 4, 'xy'), layout='legacy'), scaled(1000, 100)
        program = self.program(BACKEND, 'add', '<d', rounds, '[[1, 1, 1, 1], [2, 2, 2, 2]]',
                               json.dumps(a.get_keys()[0]), program='foreign_legacy.py')
        for _ in range(rounds):
            a.add_updates(filled(1.0, 4, 'xy'))
        self.assertEqual(program.finish()[0], 0)
        # Equal sizes: y is the first of the group.
        self.holds(a, OrderedDict([('x', np.full(4, 3.0 * rounds)), ('y', np.full(4, 2.0 * rounds))]))

    def test_signed_and_unsigned_keys(self):
        keys = self.foreign_group('<d', [1.5])
        signed = [key - 2 ** 32 if key >= 2 ** 31 else key for key in keys]
        for pair in (keys, signed, tuple(keys), sa.mem_keys(*keys)):
            a = self.closing(sa.SHMArrays(named(x=np.zeros(1)), keys=[pair]))
            self.equal(a['x'], np.array([1.5]))


class TestDetection(Case):
    """Legacy is assumed only if arrays were given, there is no magic, and every size is right."""

    def test_exact_size(self):
        keys = self.foreign_group('<d', [1.0, 2.0])
        for layout in (None, 'legacy'):
            a = self.closing(sa.SHMArrays(named(x=np.zeros(2)), keys=[keys], layout=layout))
            self.assertEqual(a.layout, 'legacy')
            self.equal(a['x'], np.array([1.0, 2.0]))

    def test_other_sizes(self):
        keys = self.foreign_group('<d', [1.0, 2.0])
        for count in (1, 3, 0):
            self.assertRaises((ValueError, shm.error), sa.SHMArrays, named(x=np.zeros(count)), keys=[keys])
            self.assertRaises(ValueError, sa.SHMArrays, named(x=np.zeros(count)), keys=[keys],
                              layout='legacy')

    def test_a_size_of_another_type(self):
        keys = self.foreign_group('<d', [1.0, 2.0])
        for dtype in ('f4', 'i4', 'c16'):
            self.assertRaises(ValueError, sa.SHMArrays, named(x=np.zeros(2, dtype)), keys=[keys],
                              layout='legacy')

    def test_one_of_several_sizes(self):
        keys = [self.foreign_group('<B', [1] * 20000), self.foreign_group('<B', [2] * 19999)]
        arrays = OrderedDict((i, np.zeros(20000, 'u1')) for i in range(2))
        self.assertRaises((ValueError, shm.error), sa.SHMArrays, arrays, keys=keys)
        self.assertRaises(ValueError, sa.SHMArrays, arrays, keys=keys, layout='legacy')

    def test_native_is_never_legacy(self):
        keys = self.foreign_group('<d', [1.0, 2.0])
        self.refused(EINVAL, sa.SHMArrays, named(x=np.zeros(2)), keys=[keys], layout='native')
        self.refused(EINVAL, sa.SHMArrays.attach, keys[0])

    def test_the_magic_of_a_native_set(self):
        """As many bytes as its segment has do not make it a legacy one."""
        a = self.made(named(x=np.arange(4.0)))
        size = memory(a).size
        with self.untouched(a):
            self.assertRaises(ValueError, sa.SHMArrays, named(x=np.zeros(size, 'u1')),
                              keys=a.get_keys())

    def test_a_native_set_as_legacy(self):
        a = self.made(named(x=np.arange(4.0)))
        with self.untouched(a):
            self.assertRaises(ValueError, sa.SHMArrays, named(x=np.zeros(4)), keys=a.get_keys(),
                              layout='legacy')

    def test_a_native_set_is_recognised(self):
        a = self.made(named(x=np.arange(4.0)))
        for layout in (None, 'native'):
            b = self.closing(sa.SHMArrays(named(x=np.zeros(4)), keys=a.get_keys(), layout=layout))
            self.assertEqual(b.layout, 'native')

    def test_store_dtype_counts(self):
        a = self.made(named(x=np.arange(4.0)), layout='legacy', store_dtype='f4')
        b = self.closing(sa.SHMArrays(named(x=np.zeros(4)), keys=a.get_keys(), store_dtype='f4'))
        self.assertEqual(b.layout, 'legacy')
        self.equal(b['x'], np.arange(4.0))
        self.assertRaises((ValueError, shm.error), sa.SHMArrays, named(x=np.zeros(4)),
                          keys=a.get_keys())

    def test_refusals_leave_nothing_attached(self):
        keys = self.foreign_group('<d', [1.0, 2.0])
        segment = shm.memory(shm.getshmid(keys[0]))
        for layout in (None, 'legacy', 'native'):
            self.assertRaises((ValueError, shm.error), sa.SHMArrays, named(x=np.zeros(3)), keys=[keys],
                              layout=layout)
        self.assertEqual(segment.nattch, 0)


class TestDeath(Case):

    def where(self, a):
        return json.dumps({'keys': a.get_keys(),
                           'arrays': [(n, s.size) for n, s in a.specs.items()]})

    def test_undo(self):
        """The partner gets the lock of a killed process, and reads what was before."""
        a = self.made(filled(3.0, 2, 'xy'), layout='legacy')
        program = self.program('inside_update', self.where(a))
        self.assertEqual(program.line(), 'inside')
        self.assertEqual(semaphore(a).val, 0)
        program.kill()
        self.assertEqual(self.foreign('read', '<d', 4, json.dumps(a.get_keys()[0])), [3.0] * 4)
        self.assertEqual(semaphore(a).val, 1)

    def test_a_waiting_partner(self):
        a = self.made(filled(3.0, 2, 'xy'), layout='legacy')
        holder = self.program('inside_update', self.where(a))
        self.assertEqual(holder.line(), 'inside')
        partner = self.program(BACKEND, 'read', '<d', 4, json.dumps(a.get_keys()[0]),
                               program='foreign_legacy.py')
        waits_for(a)
        holder.kill()
        self.assertEqual(partner.finish(), (0, '[3.0, 3.0, 3.0, 3.0]'))

    def test_what_a_partner_takes_with_it(self):
        """It knows no undo: its lock is lost, as ever, and a timeout is what is left."""
        a = self.made(filled(3.0, 2, 'xy'), layout='legacy', timeout=0.02)
        partner = self.program(BACKEND, 'hold', json.dumps(a.get_keys()[0]), program='foreign_legacy.py')
        self.assertEqual(partner.line(), 'held')
        self.refused(EAGAIN, a.read_arrays)
        partner.kill()
        self.refused(EAGAIN, a.write_arrays, filled(4.0, 2, 'xy'))
        semaphore(a).V()
        self.holds(a, filled(3.0, 2, 'xy'))

    def test_operations_leave_no_adjustment_behind(self):
        """After a process has ended that took and gave back the lock, its value is still 1."""
        a = self.made(filled(0.0, 2, 'xy'), layout='legacy', timeout=DEADLINE / 4)
        program = self.program('add', self.where(a), 50)
        self.assertEqual(program.finish(), (0, 'done'))
        self.assertEqual(semaphore(a).val, 1)
        self.holds(a, filled(50.0, 2, 'xy'))


class TestLegacyUpdates(Case):
    """What Q46 means for bytes."""

    def test_computed_in_the_new_type_stored_in_the_store_type(self):
        a = self.made(named(x=np.array([2.5, -2.5])), layout='legacy')
        a.update_arrays(named(x=np.array([1, 1], 'i4')), lambda new, old: new + old)
        self.assertEqual(raw(a), struct.pack('<2d', 3, -1))

    def test_through_a_narrow_store(self):
        with self.loss():
            a = self.made(named(x=np.array([0.1])), layout='legacy', store_dtype='<f4')
        seen = []
        a.update_arrays(named(x=np.array([1.0])), lambda new, old: seen.append(old.dtype) or new + old)
        self.assertEqual(seen, [np.dtype('f8')])
        expected = float(np.float32(0.1)) + 1.0
        self.assertEqual(raw(a), struct.pack('<f', expected))

    def test_a_failed_update_leaves_every_byte(self):
        arrays = OrderedDict([('x', np.arange(3.0)), ('y', np.arange(5.0))])
        a, calls = self.made(copies(arrays), layout='legacy'), []
        before = raw(a)

        def function(new, old):
            calls.append(1)
            return new + 1 if len(calls) == 1 else 1 // 0

        self.assertRaises(ZeroDivisionError, a.update_arrays, arrays, function)
        self.assertEqual(raw(a), before)
        self.assertEqual(semaphore(a).val, 1)


if __name__ == '__main__':
    unittest.main()
