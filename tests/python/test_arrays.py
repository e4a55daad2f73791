"""SHMArrays as doc/legacy.md 8.1 to 8.4, 8.6 and 8.7 describe it, on both layouts.

What quirks Q39 to Q51 change is in test_arrays_quirks.py; bytes are in test_arrays_legacy.py.
"""
import itertools
import json
import pickle
import unittest
from collections import OrderedDict

import arrays_table
import shm
from arrays_world import (NumpyCase, copies, filled, locked, memory, named, np, remove_keys, sa,
                          same, semaphore)

# What CPython 2.7 made of [mem_keys(305419896L, 4275878552L), mem_keys(1L, 2147483648L)]: pickle
# with protocols 0, 1 and 2, then cPickle with 0 and 2.
PICKLES = [
    b'(lp0\nccopy_reg\n_reconstructor\np1\n(cSHMArrays\nmem_keys\np2\nc__builtin__\ntuple\np3\n'
    b'(L305419896L\nL4275878552L\ntp4\ntp5\nRp6\nag1\n(g2\ng3\n(L1L\nL2147483648L\ntp7\ntp8\nRp9\na.',
    b']q\x00(ccopy_reg\n_reconstructor\nq\x01(cSHMArrays\nmem_keys\nq\x02c__builtin__\ntuple\nq\x03'
    b'(L305419896L\nL4275878552L\ntq\x04tq\x05Rq\x06h\x01(h\x02h\x03(L1L\nL2147483648L\ntq\x07tq\x08'
    b'Rq\te.',
    b'\x80\x02]q\x00(cSHMArrays\nmem_keys\nq\x01\x8a\x04xV4\x12\x8a\x05\x98\xba\xdc\xfe\x00\x86q\x02'
    b'\x81q\x03h\x01\x8a\x01\x01\x8a\x05\x00\x00\x00\x80\x00\x86q\x04\x81q\x05e.',
    b'(lp1\nccopy_reg\n_reconstructor\np2\n(cSHMArrays\nmem_keys\np3\nc__builtin__\ntuple\np4\n'
    b'(L305419896L\nL4275878552L\nttRp5\nag2\n(g3\ng4\n(L1L\nL2147483648L\nttRp6\na.',
    b'\x80\x02]q\x01(cSHMArrays\nmem_keys\nq\x02\x8a\x04xV4\x12\x8a\x05\x98\xba\xdc\xfe\x00\x86\x81'
    b'q\x03h\x02\x8a\x01\x01\x8a\x05\x00\x00\x00\x80\x00\x86\x81q\x04e.',
]
PICKLED = [(305419896, 4275878552), (1, 2147483648)]


class TestModule(NumpyCase):
    """L8.1: what the module exports."""

    def test_names(self):
        for name in ('SHMArrays', 'partition_sizes', 'split_dicts', 'get_var_spec', 'mem_objs',
                     'mem_keys', 'var_spec'):
            self.assertTrue(callable(getattr(sa, name)), name)

    def test_namedtuples(self):
        self.assertEqual(sa.mem_objs._fields, ('memory_handle', 'semaphore_handle'))
        self.assertEqual(sa.mem_keys._fields, ('memory_key', 'semaphore_key'))
        self.assertEqual(sa.var_spec._fields, ('size', 'shape', 'dtype'))

    def test_imported_as_the_readme_does(self):
        names = {}
        exec('from SHMArrays import SHMArrays', names)
        self.assertTrue(names['SHMArrays'] is sa.SHMArrays)


class TestPartitionSizes(NumpyCase):
    """L8.2.1, L8.2.2."""

    def check(self, sizes, min_size, groups):
        got = sa.partition_sizes(np.array(sizes), min_size)
        self.assertEqual([list(group) for group in got], groups)

    def test_the_table(self):
        self.each(arrays_table.PARTITIONS, self.check)

    def test_default_is_20000(self):
        for size, count in ((19999, 1), (20000, 2)):
            self.assertEqual(len(sa.partition_sizes(np.array([size, size]))), count)

    def test_keyword(self):
        got = sa.partition_sizes(sizes=np.array([5, 3, 2]), min_size=1)
        self.assertEqual([list(group) for group in got], [[0], [1, 2]])

    def test_groups_are_integer_arrays(self):
        got = sa.partition_sizes(np.array([30000, 10000, 20000, 5000]))
        self.assertTrue(isinstance(got, list))
        for group in got:
            self.assertTrue(isinstance(group, np.ndarray))
            self.assertIn(group.dtype.kind, 'iu')

    def test_empty(self):
        self.assertRaises(IndexError, sa.partition_sizes, np.array([], dtype=int))

    def test_a_set_is_split_so(self):
        def split(sizes, min_size, groups):
            if min_size != 20000:
                return
            a = self.made(OrderedDict((i, np.zeros(n, 'i1')) for i, n in enumerate(sizes)))
            self.assertEqual([list(group) for group in a.partitioning], groups)
            self.assertEqual(len(a.get_keys()), len(groups))

        self.each(arrays_table.PARTITIONS, split)


class TestKeys(NumpyCase):
    """L8.1.1: keys travel to other processes."""

    def test_pickles_of_python_2_load(self):
        for data in PICKLES:
            keys = pickle.loads(data)
            self.assertEqual(keys, PICKLED)
            self.assertTrue(all(type(pair) is sa.mem_keys for pair in keys))
            self.assertEqual(keys[0].semaphore_key, 4275878552)

    def test_a_pickle_of_python_2_attaches(self):
        a = self.made(named(x=np.arange(5.0)))
        pair = a.get_keys()[0]
        data = PICKLES[0].replace(b'ag1\n(g2\ng3\n(L1L\nL2147483648L\ntp7\ntp8\nRp9\n', b'')
        data = data.replace(b'305419896', str(pair.memory_key & 0xffffffff).encode())
        data = data.replace(b'4275878552', str(pair.semaphore_key & 0xffffffff).encode())
        b = self.closing(sa.SHMArrays(named(x=np.zeros(5)), keys=pickle.loads(data)))
        self.equal(b.read_arrays()['x'], np.arange(5.0))

    def test_all_protocols(self):
        a = self.made(named(x=np.arange(5.0), y=np.ones(30000)))
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
            keys = pickle.loads(pickle.dumps(a.get_keys(), protocol))
            self.assertEqual(keys, a.get_keys())
            self.assertTrue(all(type(pair) is sa.mem_keys for pair in keys))
            b = self.closing(sa.SHMArrays(named(x=np.zeros(5), y=np.zeros(30000)), keys=keys))
            self.equal_all(b.read_arrays(), a.read_arrays())

    def test_the_pickle_names_the_module(self):
        a = self.made(named(x=np.arange(5.0)))
        for pickled in (pickle.dumps(a.get_keys()[0], 0), pickle.dumps(list(a.get_keys()), 0)):
            self.assertIn(b'cSHMArrays\nmem_keys\n', pickled)

    def test_json(self):
        a = self.made(named(x=np.arange(5.0), y=np.ones(30000)))
        text = json.dumps(a.get_keys())
        self.assertEqual(json.loads(text), [list(pair) for pair in a.get_keys()])
        b = self.closing(sa.SHMArrays(like_xy(), keys=json.loads(text)))
        self.equal_all(b.read_arrays(), a.read_arrays())


def like_xy():
    return named(x=np.zeros(5), y=np.zeros(30000))


class Layout(object):
    """The tests of both layouts; a class for each names it."""

    layout = None

    def new(self, arrays, **options):
        return self.made(arrays, layout=self.layout, **options)

    def other(self, arrays, a, **options):
        return self.closing(sa.SHMArrays(arrays, keys=a.get_keys(), layout=self.layout, **options))

    def pair(self, arrays, **options):
        a = self.new(arrays, **options)
        zeros = OrderedDict((name, np.zeros_like(value)) for name, value in arrays.items())
        return a, self.other(zeros, a, **options)

    # 8.1, construction

    def test_layout(self):
        self.assertEqual(self.new(filled(0)).layout, self.layout)

    def test_store_dtype_is_that_of_the_first(self):
        a = self.new(OrderedDict([('b', np.zeros(3, 'f4')), ('a', np.zeros(2, 'f4'))]))
        self.assertEqual(a.store_dtype, np.dtype('f4'))

    def test_store_dtype_given(self):
        a = self.new(filled(1.5), store_dtype=np.dtype('f4'))
        self.assertEqual(a.store_dtype, np.dtype('f4'))
        self.holds(a, filled(1.5))

    def test_total_size(self):
        a = self.new(named(x=np.zeros((2, 3), 'f4'), y=np.zeros(5, 'f4'), z=np.zeros((), 'f4')))
        self.assertEqual(a.total_size, (6 + 5 + 1) * 4)

    def test_specs(self):
        a = self.new(OrderedDict([('z', np.zeros((2, 3))), ('a', np.zeros(()))]))
        self.assertTrue(isinstance(a.specs, OrderedDict))
        self.assertEqual(list(a.specs.items()), [('z', sa.var_spec(6, (2, 3), np.dtype('f8'))),
                                                 ('a', sa.var_spec(1, (), np.dtype('f8')))])

    def test_partitioning(self):
        a = self.new(OrderedDict((i, np.zeros(n, 'i1')) for i, n in
                                 enumerate([30000, 10000, 20000, 5000])))
        self.assertTrue(isinstance(a.partitioning, list))
        self.assertEqual([list(group) for group in a.partitioning], [[0], [2, 1], [3]])

    def test_keys_is_the_list_of_get_keys(self):
        a = self.new(named(x=np.zeros(30000, 'i1'), y=np.zeros(30000, 'i1')))
        self.assertTrue(a.get_keys() is a.keys)
        self.assertTrue(isinstance(a.keys, list))
        self.assertEqual(len(a.keys), 2)
        for pair in a.keys:
            self.assertTrue(type(pair) is sa.mem_keys)
        self.assertEqual(len(set(itertools.chain(*a.keys))), 4)

    def test_mmappings(self):
        a = self.new(named(x=np.zeros(30000, 'i1'), y=np.zeros(30000, 'i1')))
        self.assertEqual(len(a.mmappings), 2)
        for objects, keys in zip(a.mmappings, a.get_keys()):
            self.assertTrue(isinstance(objects, sa.mem_objs))
            self.assertEqual(objects.memory_handle.key, keys.memory_key & 0xffffffff)
            self.assertEqual(objects.semaphore_handle.key, keys.semaphore_key & 0xffffffff)

    def test_objects_exist_under_the_keys(self):
        a = self.new(named(x=np.zeros(30000, 'i1'), y=np.zeros(30000, 'i1')))
        for memory_key, semaphore_key in a.get_keys():
            self.assertEqual(shm.memory_haskey(memory_key), 1)
            self.assertEqual(shm.semaphore_haskey(semaphore_key), 1)

    def test_the_lock_is_free(self):
        self.assertEqual(semaphore(self.new(filled(0))).val, 1)

    def test_permissions(self):
        usual = {'native': 0o600, 'legacy': 0o666}[self.layout]
        for options, expected in (({}, usual), ({'permissions': 0o640}, 0o640)):
            a = self.new(filled(0), **options)
            self.assertEqual((memory(a).perm, semaphore(a).perm), (expected, expected))

    def test_initial_values_are_written(self):
        arrays = named(x=np.arange(6.0).reshape(2, 3), y=np.array(7.5))
        self.holds(self.new(copies(arrays)), arrays)

    def test_initial_values_are_ignored_on_attach(self):
        a = self.new(filled(1))
        self.equal_all(self.other(filled(2), a).read_arrays(), filled(1))
        self.holds(a, filled(1))

    def test_keywords(self):
        a = self.made(param_dict=filled(1), keys=None, store_dtype=None, layout=self.layout)
        b = self.closing(sa.SHMArrays(param_dict=filled(0), keys=a.get_keys(), store_dtype=None,
                                      layout=self.layout, permissions=None, timeout=None))
        self.equal_all(b.read_arrays(), filled(1))

    def test_positions(self):
        a = self.made(filled(1, dtype='f4'), None, np.dtype('f4'), self.layout)
        b = self.closing(sa.SHMArrays(filled(0, dtype='f4'), a.get_keys(), np.dtype('f4'),
                                      self.layout))
        self.equal_all(b.read_arrays(), filled(1, dtype='f4'))

    def test_lists_are_refused(self):
        self.assertRaises(AttributeError, sa.SHMArrays, {'x': [1.0, 2.0]}, layout=self.layout)

    def test_an_empty_dictionary_is_refused(self):
        self.assertRaises(IndexError, sa.SHMArrays, {}, layout=self.layout)

    def test_an_unknown_layout_is_refused(self):
        self.assertRaises(ValueError, sa.SHMArrays, filled(0), layout=self.layout + ' ')

    def test_numpy_scalars_are_values(self):
        a = self.new(OrderedDict([('x', np.float64(2.5)), ('y', np.float64(-1))]))
        self.holds(a, OrderedDict([('x', np.array(2.5)), ('y', np.array(-1.0))]))

    def test_missing_objects(self):
        a = self.new(filled(0))
        keys = list(a.get_keys())
        remove_keys(keys)
        self.assertRaises(KeyError, sa.SHMArrays, filled(0), keys=keys, layout=self.layout)

    def test_many_partitions(self):
        arrays = OrderedDict((i, np.arange(n) % 100 + i) for i, n in
                             enumerate([20000, 20001, 5, 20000, 0, 3, 40000]))
        a, b = self.pair(arrays)
        self.assertTrue(len(a.get_keys()) > 2)
        self.equal_all(b.read_arrays(), arrays)
        b.write_arrays(copies(arrays))
        self.holds(a, arrays)

    # 8.4, element types: what is stored comes back bit by bit

    def test_every_element_type(self):
        self.each(arrays_table.ALL_DTYPES, self.check_type)

    def check_type(self, *dtype):
        dtype = as_dtype(dtype)
        arrays = OrderedDict((name, arrays_table.sample(np, dtype, shape))
                             for name, shape in (('a', (7,)), ('b', ()), ('c', (2, 3)), ('d', (0, 2))))
        a, b = self.pair(arrays)
        self.equal_all(b.read_arrays(), arrays)
        flipped = OrderedDict((name, value[::-1].copy() if value.ndim else value)
                              for name, value in arrays.items())
        b.write_arrays(flipped)
        self.equal_all(a.read_arrays(), flipped)

    def test_every_element_type_in_an_update(self):
        self.each(arrays_table.ALL_DTYPES, self.check_type_update)

    def check_type_update(self, *dtype):
        dtype = as_dtype(dtype)
        value = arrays_table.sample(np, dtype)
        a, b = self.pair(OrderedDict([('x', value)]))
        seen = []

        def function(new, old):
            seen.append(np.array(old))
            return old[::-1]

        result = b.update_arrays({'x': np.zeros_like(value)}, function)
        self.equal(seen[0], value)
        self.equal(result['x'], value[::-1].copy())
        self.equal(a.read_arrays()['x'], value[::-1].copy())

    def test_fortran_order(self):
        value = np.asfortranarray(np.arange(12.0).reshape(3, 4))
        a, b = self.pair(named(x=value))
        self.equal(b.read_arrays()['x'], np.arange(12.0).reshape(3, 4))
        b.write_arrays({'x': np.asfortranarray(value + 1)})
        self.equal(a.read_arrays()['x'], np.arange(12.0).reshape(3, 4) + 1)
        result = a.add_updates({'x': np.asfortranarray(value)})
        self.equal(np.ascontiguousarray(result['x']), 2 * value.copy(order='C') + 1)

    def test_strided_values(self):
        base = np.arange(24.0).reshape(4, 6)
        a, b = self.pair(named(x=base[::2, ::-3]))
        self.equal(b.read_arrays()['x'], base[::2, ::-3].copy())
        b.write_arrays({'x': base[1::2, 1::3]})
        self.equal(a.read_arrays()['x'], base[1::2, 1::3].copy())

    def test_empty_beside_others(self):
        arrays = named(a=np.zeros((0, 3)), b=np.arange(4.0), c=np.zeros(0))
        a, b = self.pair(arrays)
        self.equal_all(b.read_arrays(), arrays)
        result = b.add_updates(arrays)
        self.assertEqual([value.shape for value in result.values()], [(0, 3), (4,), (0,)])
        self.equal(a.read_arrays()['b'], 2 * np.arange(4.0))

    # 8.4, operations

    def test_read_gives_fresh_writable_arrays(self):
        a = self.new(named(x=np.zeros((2, 3)), y=np.zeros(())))
        first, second = a.read_arrays(), a.read_arrays()
        self.assertTrue(isinstance(first, OrderedDict))
        for name, value in first.items():
            self.assertTrue(type(value) is np.ndarray)
            self.assertTrue(value.flags.writeable and value.flags.c_contiguous)
            self.assertFalse(np.shares_memory(value, second[name]))
            value[...] = 5
        self.holds(a, named(x=np.zeros((2, 3)), y=np.zeros(())))

    def test_read_is_in_the_order_of_specs(self):
        names = ['z', 'a', 'm', 'b']
        a = self.new(OrderedDict((n, np.zeros(i + 1)) for i, n in enumerate(names)))
        self.assertEqual(list(a.read_arrays()), names)
        self.assertEqual(list(a.specs), names)

    def test_read_has_the_shape_of_the_attacher(self):
        a = self.new(named(x=np.arange(6.0)))
        b = self.other(named(x=np.zeros((3, 2))), a)
        self.equal(b.read_arrays()['x'], np.arange(6.0).reshape(3, 2))
        self.equal(a.read_arrays()['x'], np.arange(6.0))

    def test_write_returns_nothing(self):
        self.assertTrue(self.new(filled(0)).write_arrays(filled(1)) is None)

    def test_write_does_not_keep_the_arrays(self):
        a, arrays = self.new(filled(0)), filled(1)
        a.write_arrays(arrays)
        arrays['a'][:] = 9
        self.holds(a, filled(1))

    def test_write_converts(self):
        a = self.new(filled(0, dtype='f8'))
        a.write_arrays(filled(3, dtype='i2'))
        self.holds(a, filled(3.0))

    def test_write_reshapes(self):
        a = self.new(named(x=np.zeros((2, 3))))
        a.write_arrays({'x': np.arange(6.0)})
        self.equal(a.read_arrays()['x'], np.arange(6.0).reshape(2, 3))

    def test_update_default_is_a_tenth(self):
        old, new = np.arange(6.0) + 0.3, np.arange(6.0)[::-1] * 7
        a = self.new(named(x=old))
        result = a.update_arrays(named(x=new))
        np.testing.assert_allclose(result['x'], 0.1 * new + 0.9 * old, rtol=1e-15)
        self.equal(a.read_arrays()['x'], result['x'])

    def test_update_calls_with_new_and_old(self):
        a, calls = self.new(filled(2.0)), []

        def function(*arguments, **options):
            calls.append((len(arguments), options, np.array(arguments[0]), np.array(arguments[1])))
            return arguments[0] - arguments[1]

        result = a.update_arrays(filled(5.0), function)
        self.assertEqual([call[:2] for call in calls], [(2, {})] * 3)
        for _, _, new, old in calls:
            self.equal(new, np.full(6, 5.0))
            self.equal(old, np.full(6, 2.0))
        self.equal_all(result, filled(3.0))
        self.holds(a, filled(3.0))

    def test_update_keyword(self):
        a = self.new(filled(2.0))
        a.update_arrays(filled(5.0), update_func=lambda new, old: new * old)
        self.holds(a, filled(10.0))

    def test_update_calls_in_the_order_of_the_groups(self):
        sizes = OrderedDict([('small', 2), ('big', 5), ('middle', 3)])
        a = self.new(OrderedDict((n, np.zeros(size)) for n, size in sizes.items()))
        order = []
        a.update_arrays(OrderedDict((n, np.ones(size)) for n, size in sizes.items()),
                        lambda new, old: order.append(new.size) or old)
        self.assertEqual(order, [5, 3, 2])

    def test_update_holds_the_lock(self):
        a, values = self.new(filled(2.0)), []
        lock = semaphore(a)
        a.update_arrays(filled(0.0), lambda new, old: values.append(lock.val) or new)
        self.assertEqual(values, [0, 0, 0])
        self.assertEqual(lock.val, 1)

    def test_update_result_is_of_the_new_type(self):
        a = self.new(filled(1.0, dtype='f4'))
        result = a.update_arrays(filled(2.0, dtype='f4'), lambda new, old: (new + old).astype('f8'))
        self.equal_all(result, filled(3.0, dtype='f4'))
        self.holds(a, filled(3.0, dtype='f4'))

    def test_update_result_is_independent(self):
        a = self.new(filled(1.0))
        result = a.update_arrays(filled(2.0), lambda new, old: new)
        for value in result.values():
            value[:] = 77
        self.holds(a, filled(2.0))

    def test_update_reshaped(self):
        a = self.new(named(x=np.arange(6.0).reshape(2, 3)))
        shapes = []

        def function(new, old):
            shapes.append(old.shape)
            return new + old

        result = a.update_arrays({'x': np.ones(6)}, function)
        self.assertEqual(shapes, [(6,)])
        self.equal(result['x'], np.arange(6.0) + 1)
        self.equal(a.read_arrays()['x'], np.arange(6.0).reshape(2, 3) + 1)

    def test_update_of_a_scalar_gives_a_numpy_scalar(self):
        a = self.new(named(x=np.array(2.0)))
        for result in (a.update_arrays({'x': np.array(3.0)}, lambda new, old: new + old),
                       a.add_updates({'x': np.array(1.0)})):
            self.assertTrue(isinstance(result['x'], np.generic), type(result['x']))
        self.equal(a.read_arrays()['x'], np.array(6.0))

    def test_update_returns_the_order_of_specs(self):
        names = ['z', 'a', 'm']
        a = self.new(OrderedDict((n, np.zeros(i + 1)) for i, n in enumerate(names)))
        new = OrderedDict((n, np.ones(i + 1)) for i, n in enumerate(names))
        for result in (a.update_arrays(new, lambda n, o: n), a.add_updates(new)):
            self.assertTrue(isinstance(result, OrderedDict))
            self.assertEqual(list(result), names)

    def test_add_updates(self):
        a = self.new(named(x=np.arange(6.0)))
        result = a.add_updates(named(x=np.ones(6)))
        self.equal(result['x'], np.arange(6.0) + 1)
        a.add_updates(named(x=np.full(6, -0.5)))
        self.equal(a.read_arrays()['x'], np.arange(6.0) + 0.5)

    def test_add_updates_of_every_number(self):
        self.each(arrays_table.NUMBERS + arrays_table.BIG_ENDIAN, self.check_add)

    def check_add(self, dtype):
        old, new = np.array([1, 0, 3, 1], dtype), np.array([1, 0, 2, 0], dtype)
        a = self.new(OrderedDict([('x', old)]))
        self.equal(a.add_updates({'x': new})['x'], (old + new).astype(dtype))
        self.equal(a.read_arrays()['x'], (old + new).astype(dtype))

    def test_add_updates_wraps(self):
        for dtype in arrays_table.INTEGERS:
            limits = np.iinfo(dtype)
            a = self.new(OrderedDict([('x', np.array([limits.max, limits.min], dtype))]))
            a.add_updates({'x': np.array([1, 0], dtype)})
            self.equal(a.read_arrays()['x'], np.array([limits.min, limits.min], dtype))

    def test_what_cannot_be_added(self):
        for dtype in ('S5', 'V3', 'M8[s]'):
            a = self.new(OrderedDict([('x', arrays_table.sample(np, dtype))]))
            with self.untouched(a):
                self.assertRaises((TypeError, ValueError, shm.error), a.add_updates,
                                  {'x': arrays_table.sample(np, dtype)})

    def test_mixed_shapes(self):
        arrays = named(s=np.array(3.0), v=np.arange(4.0), m=np.ones((2, 2)), t=np.zeros((1, 2, 1, 3)))
        a, b = self.pair(arrays)
        result = b.update_arrays(arrays, lambda new, old: new + 2 * old)
        for name, value in arrays.items():
            self.equal(np.asarray(result[name]), 3 * value)
        self.equal_all(a.read_arrays(), OrderedDict((n, np.asarray(3 * v)) for n, v in arrays.items()))

    def test_an_operation_does_not_change_its_arguments(self):
        a, new = self.new(filled(1.0)), filled(2.0)
        a.write_arrays(new)
        a.add_updates(new)
        a.update_arrays(new, lambda n, o: n * o)
        self.equal_all(new, filled(2.0))

    # 8.6 and 8.7: the README

    def readme(self):
        random = np.random.RandomState(1)
        return OrderedDict((i, random.randn(10, 10)) for i in range(10))

    def test_readme_create_and_attach(self):
        array_dict = self.readme()
        shm_array = self.new(array_dict)
        keys = shm_array.get_keys()
        self.assertEqual(len(keys), 1)
        other = self.closing(sa.SHMArrays(array_dict, keys=keys))
        self.assertEqual(other.layout, self.layout)
        self.equal_all(other.read_arrays(), array_dict)

    def test_readme_read_and_update(self):
        array_dict = self.readme()
        shm_array = self.new(array_dict)
        new_arrays = OrderedDict((i, value * 2 + i) for i, value in array_dict.items())
        self.equal_all(shm_array.read_arrays(new_arrays), array_dict)
        result = shm_array.update_arrays(new_arrays, lambda new, old: 0.1*new + 0.9*old)
        expected = OrderedDict((i, 0.1*new_arrays[i] + 0.9*array_dict[i]) for i in array_dict)
        self.equal_all(result, expected)
        self.holds(shm_array, expected)

    def test_readme_gradient_descent(self):
        target = self.readme()
        alpha, iters = 0.125, 60
        expected = OrderedDict((i, np.zeros((10, 10))) for i in target)

        def grad(state):
            return OrderedDict((i, 2 * (state[i] - target[i])) for i in state)

        state = copies(expected)
        keys = self.new(state).get_keys()
        state_shm = self.closing(sa.SHMArrays(state, keys=keys))
        for _ in range(iters):
            gradient = grad(state)
            state = state_shm.update_arrays(gradient, lambda grad, state: state - alpha*grad)
        for _ in range(iters):
            gradient = grad(expected)
            expected = OrderedDict((i, expected[i] - alpha*gradient[i]) for i in expected)
        self.equal_all(state, expected)
        for i in target:
            np.testing.assert_allclose(state[i], target[i], atol=1e-6)

    def test_names_are_any_hashable(self):
        names = [3, '3', (3,), 'text', 2.5, None, frozenset([1])]
        arrays = OrderedDict((n, np.full(2, float(i))) for i, n in enumerate(names))
        a, b = self.pair(arrays)
        self.equal_all(b.read_arrays(), arrays)

    def test_a_plain_dictionary(self):
        a = self.new({'x': np.ones(3)})
        b = self.other({'x': np.zeros(3)}, a)
        self.equal(b.read_arrays()['x'], np.ones(3))


class TestNative(Layout, NumpyCase):
    layout = 'native'

    def test_it_is_what_is_created(self):
        self.assertEqual(self.made(filled(0)).layout, 'native')

    def test_each_array_in_its_own_type(self):
        arrays = OrderedDict([('i', np.array([1, -2], 'i4')), ('f', np.array([1.5, 2.7])),
                              ('b', np.array([True, False])), ('l', np.array([2 ** 53 + 1])),
                              ('s', np.array([b'ab', b'c'])), ('u', np.array(255, 'u1'))])
        a, b = self.pair(arrays)
        self.equal_all(b.read_arrays(), arrays)
        b.write_arrays(arrays)
        self.holds(a, arrays)
        self.assertEqual([spec.dtype for spec in a.specs.values()],
                         [value.dtype for value in arrays.values()])

    def test_readers_do_not_wait(self):
        a = self.made(filled(1.0), timeout=0)
        with locked(a):
            self.assertEqual(semaphore(a).val, 0)
            self.equal_all(a.read_arrays(), filled(1.0))

    def test_structured_update(self):
        dtype = np.dtype([('n', 'i4'), ('x', 'f8')])
        a = self.made({'r': np.array([(1, 2.5), (3, 4.5)], dtype)})

        def function(new, old):
            result = old.copy()
            result['n'] += new['n']
            result['x'] *= new['x']
            return result

        result = a.update_arrays({'r': np.array([(10, 2), (20, 0.5)], dtype)}, function)
        expected = np.array([(11, 5.0), (23, 2.25)], dtype)
        self.equal(result['r'], expected)
        self.equal(a.read_arrays()['r'], expected)


class TestLegacy(Layout, NumpyCase):
    layout = 'legacy'

    def test_readers_wait(self):
        a = self.made(filled(1.0), layout='legacy', timeout=0)
        with locked(a):
            self.refused(11, a.read_arrays)
        self.equal_all(a.read_arrays(), filled(1.0))

    def test_store_dtype_rounds(self):
        with self.loss():
            a = self.made(filled(0.1), layout='legacy', store_dtype=np.dtype('f4'))
        self.holds(a, filled(float(np.float32(0.1))))

    def test_one_type_for_all(self):
        with self.loss():
            a = self.made(OrderedDict([('i', np.array([7], 'i4')), ('f', np.array([1.5, 2.7]))]),
                          layout='legacy')
        self.holds(a, OrderedDict([('i', np.array([7], 'i4')), ('f', np.array([1.0, 2.0]))]))


class TestHelpers(NumpyCase):
    """The assertions that the others rest on can fail."""

    def test_same(self):
        x = np.array([1.0, float('nan'), 0.0])
        self.assertTrue(same(x, x.copy()))
        for other in (x.astype('>f8'), x.reshape(1, 3), np.array([1.0, float('nan'), -0.0]),
                      np.array([1.0, 2.0, 0.0]), x[:2]):
            self.assertFalse(same(x, other))

    def test_untouched(self):
        a = self.made(filled(1.0))
        for change in (lambda: a.write_arrays(filled(1.0)), lambda: a.write_arrays(filled(2.0))):
            try:
                with self.untouched(a):
                    change()
            except AssertionError:
                continue
            self.fail('a change was not seen')


def as_dtype(parts):
    """each() takes tuples apart; a list of fields comes whole."""
    return np.dtype(parts[0])


if __name__ == '__main__':
    unittest.main()
