"""What SHMArrays has beyond the original, by the API of SHMArrays.pyi and libshm/arrays.h."""
import gc
import pickle
import threading
import unittest
from collections import OrderedDict

import arrays_arithmetic
import arrays_table
import shm
from arrays_world import (EAGAIN, EDEADLK, EIDRM, EINVAL, NumpyCase, Thread, again, filled, like,
                          locked, memory, named, np, sa, same, semaphore, waits_for)


def two_partitions():
    """x and y are apart, z is with one of them."""
    return OrderedDict([('x', np.arange(20000.0)), ('y', np.arange(20000.0)), ('z', np.arange(3.0))])


def as_stored(value):
    """Numbers lie in the segment in the byte order of the machine; what is only copied, as it is."""
    if value.dtype.kind in 'iufc':
        return value.astype(value.dtype.newbyteorder('='))
    return value


class TestAttach(NumpyCase):
    """A set describes itself: its root key is enough."""

    def attached(self, a, **options):
        return self.closing(sa.SHMArrays.attach(a.root_key, **options))

    def test_content(self):
        arrays = OrderedDict([('z', np.arange(6.0).reshape(2, 3)), ('a', np.array(3, 'u2')),
                              ('e', np.zeros((0, 4), 'f4'))])
        b = self.attached(self.made(arrays))
        self.equal_all(b.read_arrays(), arrays)
        self.assertEqual(b.layout, 'native')
        self.assertEqual(list(b.specs.items()), [
            ('z', sa.var_spec(6, (2, 3), np.dtype('f8'))), ('a', sa.var_spec(1, (), np.dtype('u2'))),
            ('e', sa.var_spec(0, (0, 4), np.dtype('f4')))])

    def test_it_is_the_same_set(self):
        a = self.made(two_partitions())
        b = self.attached(a)
        self.assertEqual(b.root_key & 0xffffffff, a.root_key & 0xffffffff)
        self.assertEqual(b.get_keys(), a.get_keys())
        self.assertEqual([list(g) for g in b.partitioning], [list(g) for g in a.partitioning])
        b.write_arrays(OrderedDict((n, v + 1) for n, v in two_partitions().items()))
        self.equal_all(a.read_arrays(), b.read_arrays())
        self.equal(a.read_arrays()['z'], np.arange(3.0) + 1)

    def test_every_element_type(self):
        def check(*dtype):
            value = arrays_table.sample(np, dtype[0], (2, 3))
            a = self.made({'x': value})
            b = self.attached(a)
            self.equal(b.read_arrays()['x'], as_stored(value))
            b.write_arrays({'x': value[::-1]})
            self.equal(a.read_arrays()['x'], value[::-1].copy())

        self.each(arrays_table.ALL_DTYPES, check)

    def test_names_of_many_kinds(self):
        def check(what, names):
            arrays = OrderedDict((name, np.full(2, float(i))) for i, name in enumerate(names))
            self.assertEqual(len(arrays), len(names))
            a = self.made(arrays)
            b = self.attached(a)
            self.equal_all(b.read_arrays(), arrays)
            self.assertEqual([type(name) for name in b.specs], [type(name) for name in names])
            c = self.closing(sa.SHMArrays(like(a), keys=a.get_keys()))
            c.write_arrays(OrderedDict((name, value + 1) for name, value in arrays.items()))
            for name in names:
                self.equal(b[name], arrays[name] + 1)

        self.each(arrays_table.NAMES, check)

    def test_names_longer_than_a_label(self):
        """LIBSHM_MAX_LABEL: no native set, and nothing is left behind; the legacy one stores no names."""
        arrays = {'x' * 300: np.zeros(2)}
        for _ in range(3):
            self.assertRaises((shm.error, ValueError), sa.SHMArrays, arrays)
        a = self.made(arrays, layout='legacy')
        self.holds(a, arrays)

    def test_root_key_is_the_memory_key_of_partition_0(self):
        a = self.made(two_partitions())
        self.assertEqual(a.root_key & 0xffffffff, a.get_keys()[0].memory_key & 0xffffffff)
        self.assertTrue(isinstance(a.root_key, int))

    def test_signed_and_unsigned(self):
        """Root keys are random: one above 2**31 comes soon."""
        seen = set()
        for _ in range(64):
            a = self.made(filled(1.0))
            unsigned = a.root_key & 0xffffffff
            signed = unsigned - 2 ** 32 if unsigned >= 2 ** 31 else unsigned
            for root in (signed, unsigned, np.int64(unsigned), np.int64(signed)):
                b = self.closing(sa.SHMArrays.attach(root))
                self.equal_all(b.read_arrays(), filled(1.0))
            seen.add(signed < 0)
            if len(seen) == 2:
                return
        self.fail('64 root keys have the same highest bit')

    def test_timeout(self):
        a = self.made(filled(1.0))
        self.assertTrue(self.attached(a).timeout is None)
        b = self.attached(a, timeout=0)
        with locked(a):
            self.refused(EAGAIN, b.write_arrays, filled(2.0))

    def test_nothing_there(self):
        """As with keys (8.1): KeyError of the key as it was given."""
        a = self.made(filled(1.0))
        root = a.root_key
        a.remove()
        a.close()
        with self.assertRaises(KeyError) as caught:
            sa.SHMArrays.attach(root)
        self.assertEqual(caught.exception.args, (root,))

    def test_no_set_there(self):
        key = self.made(filled(1.0)).root_key & 0xffffffff
        key = next(k for k in range(key + 1, key + 1000) if not shm.memory_haskey(k))
        segment = shm.create_memory(key, 8192)
        self.addCleanup(shm.remove_memory, segment.shmid)
        segment.attach()
        segment.write(b'no set of arrays' * 512)
        segment.detach()
        self.refused(EINVAL, sa.SHMArrays.attach, key)

    def test_not_the_root(self):
        a = self.made(two_partitions())
        self.assertTrue(len(a.get_keys()) > 1)
        self.refused(EINVAL, sa.SHMArrays.attach, a.get_keys()[1].memory_key)

    def test_never_a_legacy_set(self):
        a = self.made(filled(1.0), layout='legacy')
        self.refused(EINVAL, sa.SHMArrays.attach, a.get_keys()[0].memory_key)

    def test_root_key_must_be_an_integer(self):
        for root in ('1', 1.5, None):
            self.assertRaises(TypeError, sa.SHMArrays.attach, root)


class TestOut(NumpyCase):
    """out=: results go into arrays of the caller's."""

    def buffers(self):
        return filled(-1.0)

    def calls(self, a):
        return [('read', lambda out: a.read_arrays(out=out)),
                ('add', lambda out: a.add_updates(filled(1.0), out=out)),
                ('default', lambda out: a.update_arrays(filled(1.0), out=out)),
                ('built-in', lambda out: a.update_arrays(filled(1.0), sa.maximum, out=out)),
                ('function', lambda out: a.update_arrays(filled(1.0), lambda n, o: n + o, out=out))]

    def test_the_arrays_are_filled_and_returned(self):
        a = self.made(filled(3.0))

        def check(what, call):
            out = self.buffers()
            arrays = list(out.values())
            result = call(out)
            self.equal_all(result, a.read_arrays())
            self.assertTrue(all(x is y for x, y in zip(result.values(), arrays)))

        self.each(self.calls(a), check)

    def test_what_does_not_fit(self):
        a = self.made(filled(3.0))
        readonly = np.full(6, -1.0)
        readonly.flags.writeable = False
        bad = [np.full(5, -1.0), np.full(7, -1.0), np.full(6, -1, 'f4'), np.full(6, -1), readonly]
        for wrong in bad:
            for what, call in self.calls(a):
                out = self.buffers()
                out['b'] = wrong
                with self.untouched(a):
                    self.assertRaises(ValueError, call, out)
                self.equal(out['a'], np.full(6, -1.0))

    def test_unknown_names(self):
        a = self.made(filled(3.0))
        for what, call in self.calls(a):
            out = self.buffers()
            out['d'] = np.zeros(6)
            with self.untouched(a):
                self.assertRaises(KeyError, call, out)

    def test_out_may_be_what_is_new(self):
        a = self.made(filled(3.0))
        for function, value in ((sa.add, 4.0), (lambda n, o: n + o, 5.0)):
            new = filled(1.0)
            self.equal_all(a.update_arrays(new, function, out=new), filled(value))
            self.equal_all(new, filled(value))

    def test_out_of_a_failed_update(self):
        a = self.made(filled(3.0))

        def function(new, old):
            raise ZeroDivisionError

        with self.untouched(a):
            self.assertRaises(ZeroDivisionError, a.update_arrays, filled(1.0), function,
                              out=self.buffers())


class TestView(NumpyCase):
    """view(): read-only arrays without a copy, while the partitions are locked."""

    def test_content(self):
        a = self.made(two_partitions())
        with a.view() as arrays:
            self.assertTrue(isinstance(arrays, OrderedDict))
            self.equal_all(arrays, two_partitions())
        self.is_free(a)

    def test_every_element_type(self):
        def check(*dtype):
            value = arrays_table.sample(np, dtype[0], (2, 3))
            a = self.made({'x': value})
            with a.view() as arrays:
                self.equal(arrays['x'], as_stored(value))
                self.assertFalse(arrays['x'].flags.writeable)

        self.each(arrays_table.ALL_DTYPES, check)

    def test_read_only(self):
        a = self.made(filled(1.0))
        with self.untouched(a):
            with a.view() as arrays:
                for value in arrays.values():
                    self.assertRaises(ValueError, value.__setitem__, 0, 5.0)
                    self.assertRaises(ValueError, setattr, value.flags, 'writeable', True)

    def test_no_copy(self):
        a = self.made(filled(1.0))
        addresses = []
        for _ in range(2):
            with a.view() as arrays:
                self.assertFalse(arrays['a'].flags.owndata)
                addresses.append(arrays['a'].__array_interface__['data'][0])
        self.assertEqual(addresses[0], addresses[1])

    def test_some_names(self):
        a = self.made(two_partitions())
        with a.view('z') as arrays:
            self.equal_all(arrays, {'z': np.arange(3.0)})
        with a.view('z', 'x') as arrays:
            self.assertEqual(set(arrays), set(['x', 'z']))
            self.equal(arrays['x'], np.arange(20000.0))

    def test_unknown_name(self):
        a = self.made(filled(1.0))
        with self.untouched(a):
            self.assertRaises(KeyError, lambda: a.view('a', 'nobody').__enter__())

    def test_writers_wait(self):
        a = self.made(filled(1.0))
        writer = self.again(a, timeout=0)
        with a.view():
            self.assertEqual(semaphore(a).val, 0)
            for call in (writer.write_arrays, writer.add_updates, writer.update_arrays):
                thread = Thread(self.refused, EAGAIN, call, filled(2.0))
                thread.result()
        writer.write_arrays(filled(2.0))
        self.holds(a, filled(2.0))

    def test_a_waiting_writer_goes_on(self):
        a = self.made(filled(1.0))
        writer = self.again(a)
        with a.view() as arrays:
            thread = Thread(writer.add_updates, filled(1.0))
            waits_for(a)
            self.equal_all(arrays, filled(1.0))
        thread.result()
        self.holds(a, filled(2.0))

    def test_readers_do_not_wait(self):
        a = self.made(filled(1.0))
        reader = self.again(a, timeout=0)
        with a.view():
            self.equal_all(Thread(reader.read_arrays).result(), filled(1.0))

    def test_other_viewers_wait(self):
        a = self.made(filled(1.0))
        other = self.again(a, timeout=0)
        with a.view():
            Thread(self.refused, EAGAIN, lambda: other.view().__enter__()).result()
        with other.view() as arrays:
            self.equal_all(arrays, filled(1.0))

    def test_an_update_by_the_same_thread(self):
        a = self.made(filled(1.0))
        other = self.again(a)
        with self.untouched(a):
            with a.view():
                for handle in (a, other):
                    for call in (handle.write_arrays, handle.add_updates, handle.update_arrays):
                        self.refused(EDEADLK, call, filled(2.0))

    def test_other_partitions_are_free(self):
        a = self.made(two_partitions())
        b = self.again(a, timeout=0)
        with a.view('x'):
            b['y'] = np.zeros(20000)
            self.refused(EAGAIN, Thread(b.__setitem__, 'x', np.zeros(20000)).result)
        self.equal(a['y'], np.zeros(20000))
        self.equal(a['x'], np.arange(20000.0))

    def test_an_exception_in_the_block(self):
        a = self.made(filled(1.0))

        def leave():
            with a.view():
                raise ZeroDivisionError

        with self.untouched(a):
            self.assertRaises(ZeroDivisionError, leave)

    def test_nothing_is_published(self):
        a = self.made(filled(1.0))
        with self.untouched(a):
            with a.view():
                pass

    def test_arrays_outlive_the_block_and_the_handle(self):
        a = self.made(filled(1.5))
        with a.view() as arrays:
            kept = arrays['a']
            part = arrays['b'][1:3]
        a.close()
        del a, arrays
        gc.collect()
        self.equal(kept, np.full(6, 1.5))
        self.equal(part, np.full(2, 1.5))
        self.assertFalse(kept.flags.writeable)

    def test_arrays_outlive_the_set(self):
        a = self.made(filled(1.5))
        with a.view() as arrays:
            kept = arrays['a']
        a.remove()
        a.close()
        self.equal(kept, np.full(6, 1.5))

    def test_the_mapping_goes_with_the_last_array(self):
        a = self.made(filled(1.5))
        b = self.again(a)
        segment = memory(a)
        before = segment.nattch
        with b.view() as arrays:
            kept = arrays['a']
        b.close()
        gc.collect()
        self.assertEqual(segment.nattch, before)
        del kept, arrays
        gc.collect()
        self.assertEqual(segment.nattch, before - 1)

    def test_close_within_the_block(self):
        a = self.made(filled(1.5))
        b = self.again(a)
        with b.view() as arrays:
            b.close()
            self.assertTrue(b.closed)
            self.equal_all(arrays, filled(1.5))
        self.is_free(a)

    def test_keeping_the_lock_until_the_block_ends(self):
        a = self.made(filled(1.5))
        b, writer = self.again(a), self.again(a, timeout=0)
        with b.view():
            b.close()
            Thread(self.refused, EAGAIN, writer.write_arrays, filled(2.0)).result()


class TestBuiltins(NumpyCase):
    """Each built-in function against the arithmetic that libshm/arrays.h describes."""

    FACTORS = [('axpy', f) for f in (0.5, -2.0, 3.0, 0.0)] + \
              [('blend', f) for f in (0.25, 1.0, 0.0, 2.0)] + \
              [('scale', f) for f in (0.5, -1.0, 3.0, 0.0)]
    PLAIN = [('add', None), ('minimum', None), ('maximum', None)]

    @staticmethod
    def function(kind, factor):
        return getattr(sa, kind) if factor is None else getattr(sa, kind)(factor)

    def check(self, kind, factor, old, new):
        """The set afterwards, and what the update returned."""
        factor_or_1 = 1 if factor is None else factor
        expected = arrays_arithmetic.expected(np, kind, factor_or_1, old, new)
        a = self.made({'x': old})
        result = a.update_arrays({'x': new}, self.function(kind, factor))
        got = a.read_arrays()['x']
        a.remove()
        a.close()
        for i in range(len(old)):
            self.assertTrue(same(got[i:i + 1], expected[i:i + 1]), '%s(%s) %s: old %s, new %s, got '
                            '%s, expected %s' % (kind, factor, old.dtype, old[i], new[i], got[i],
                                                 expected[i]))
        self.equal(result['x'], expected)

    def numbers(self, dtype):
        """Old and new values that meet each other in every way."""
        dtype = np.dtype(dtype)
        if dtype.kind == 'b':
            values = [True, False]
        elif dtype.kind in 'iu':
            limits = np.iinfo(dtype)
            values = [limits.max, limits.min, 0, 1, 5, 100, limits.max // 2 + 1]
        elif dtype.kind == 'f':
            values = [1.5, -0.375, 0.0, 3.0, 1000.0, float('inf'), float('nan')]
        else:
            values = [1.5 - 2j, 0, -3 + 1j, 1.5 + 4j, -0.25j, 1.5 - 1j]
        grid = np.array(values, dtype)
        return np.repeat(grid, len(values)), np.tile(grid, len(values))

    def small(self, old, new):
        """Only those integers whose products with 0.25 are exact in double."""
        if old.dtype.kind not in 'iu':
            return old, new
        fine = np.array([abs(a) < 2 ** 48 and abs(b) < 2 ** 48
                         for a, b in zip(old.tolist(), new.tolist())])
        return old[fine], new[fine]

    def test_without_factor(self):
        def check(dtype):
            old, new = self.numbers(dtype)
            for kind, factor in self.PLAIN:
                self.check(kind, factor, old, new)

        self.each(arrays_table.NUMBERS, check)

    def test_with_factor(self):
        def check(dtype):
            old, new = self.finite(*self.numbers(dtype))
            for kind, factor in self.FACTORS:
                if factor == int(factor):
                    self.check(kind, factor, old, new)
                else:
                    self.check(kind, factor, *self.small(old, new))

        self.each(arrays_table.NUMBERS, check)

    @staticmethod
    def finite(old, new):
        if old.dtype.kind not in 'fc':
            return old, new
        fine = np.isfinite(old) & np.isfinite(new)
        return old[fine], new[fine]

    def test_not_a_number(self):
        nan = float('nan')
        for dtype in arrays_table.FLOATS + arrays_table.COMPLEX:
            old, new = np.array([nan, 1, nan], dtype), np.array([1, nan, nan], dtype)
            for kind, factor in self.PLAIN + self.FACTORS[:1] + [('blend', 0.25)]:
                a = self.made({'x': old})
                a.update_arrays({'x': new}, self.function(kind, factor))
                self.assertTrue(np.isnan(a['x']).all(), (dtype, kind, a['x']))

    def test_byte_order(self):
        def check(dtype):
            old, new = np.array([1, 0, 3, 100], dtype), np.array([2, 7, 1, 50], dtype)
            for kind, factor in self.PLAIN + [('axpy', 0.5), ('blend', 0.25), ('scale', 3.0)]:
                factor_or_1 = 1 if factor is None else factor
                native = old.dtype.newbyteorder('=')
                expected = arrays_arithmetic.expected(np, kind, factor_or_1, old.astype(native),
                                                      new.astype(native)).astype(dtype)
                a = self.made({'x': old})
                a.update_arrays({'x': new}, self.function(kind, factor))
                self.equal(a['x'], expected)

        self.each(arrays_table.BIG_ENDIAN, check)

    def test_factors_beyond_the_type(self):
        for dtype in arrays_table.INTEGERS:
            old, new = self.numbers(dtype)
            for factor in (2.0 ** 40 + 1, -2.0 ** 70, 257.0):
                self.check('axpy', factor, old, new)
                self.check('scale', factor, old, new)
            self.check('blend', 2.0 ** 52 + 1, old, new)

    def test_broken_factors_are_cut(self):
        for dtype in ('i1', 'u1', 'i2', 'u2', 'i4', 'u4'):
            old, new = self.small(*self.numbers(dtype))
            self.check('axpy', 1000.5, old, new)
            self.check('axpy', -1000.5, old, new)
            self.check('scale', float('inf'), old, new)
            self.check('scale', float('nan'), old, new)

    def test_float16_is_rounded_once(self):
        old = np.array([1.0, 1.0, 2048.0, 65504.0], 'f2')
        new = np.array([2.0 ** -11, 2.0 ** -11 + 2.0 ** -20, 1.0, 16.0], 'f2')
        for kind, factor in (('add', None), ('axpy', 1.0), ('axpy', 1.0 / 3)):
            self.check(kind, factor, old, new)

    def test_a_tenth(self):
        """Other factors: within the rounding of the type."""
        old, new = np.linspace(-3, 7, 41), np.linspace(5, -2, 41)
        for dtype, tolerance in (('f4', 1e-6), ('f8', 1e-15)):
            for kind in ('axpy', 'blend', 'scale'):
                a = self.made({'x': old.astype(dtype)})
                a.update_arrays({'x': new.astype(dtype)}, self.function(kind, 0.1))
                expected = {'axpy': old + 0.1 * new, 'blend': 0.1 * new + 0.9 * old,
                            'scale': 0.1 * old}[kind]
                np.testing.assert_allclose(a['x'], expected, rtol=tolerance, atol=8 * tolerance)

    def test_many_elements(self):
        """More than any loop takes at once, and an odd number."""
        old, new = np.arange(100003.0), np.arange(100003.0)[::-1].copy()
        for kind, factor in self.PLAIN + [('axpy', 0.5), ('blend', 0.25), ('scale', 3.0)]:
            self.check(kind, factor, old, new)

    def test_scale_needs_nothing_new(self):
        a = self.made(filled(2.0))
        self.equal_all(a.update_arrays(None, sa.scale(1.5)), filled(3.0))
        self.equal_all(a.update_arrays(filled(99.0), sa.scale(2)), filled(6.0))
        self.holds(a, filled(6.0))

    def test_others_need_something_new(self):
        a = self.made(filled(2.0))
        for function in (sa.add, sa.minimum, sa.maximum, sa.axpy(1), sa.blend(0.5), None,
                         lambda n, o: o):
            with self.untouched(a):
                self.assertRaises((TypeError, ValueError, AttributeError), a.update_arrays, None,
                                  function)

    def test_what_is_only_copied_cannot_be_computed(self):
        for dtype in ('S5', 'V3', [('n', 'i4'), ('x', 'f8')]):
            a = self.made({'x': arrays_table.sample(np, dtype)})
            for function in (sa.add, sa.axpy(2), sa.blend(0.5), sa.scale(2)):
                with self.untouched(a):
                    self.assertRaises((TypeError, ValueError, shm.error), a.update_arrays,
                                      {'x': arrays_table.sample(np, dtype)}, function)

    def test_as_python_functions(self):
        new, old = np.array([1.0, 5.0]), np.array([3.0, 2.0])
        rows = [(sa.add, [4.0, 7.0]), (sa.minimum, [1.0, 2.0]), (sa.maximum, [3.0, 5.0]),
                (sa.axpy(2), [5.0, 12.0]), (sa.blend(0.25), [2.5, 2.75]), (sa.scale(3), [9.0, 6.0])]
        for function, expected in rows:
            self.equal(function(new, old), np.array(expected))
            self.equal(function(new=new, old=old), np.array(expected))
        self.equal_all({'new': new, 'old': old},
                       {'new': np.array([1.0, 5.0]), 'old': np.array([3.0, 2.0])})

    def test_within_an_update_function(self):
        a = self.made(filled(2.0))
        a.update_arrays(filled(6.0), lambda new, old: sa.blend(0.25)(new, old))
        self.holds(a, filled(3.0))

    def test_attributes_of_the_class(self):
        a = self.made(filled(2.0))
        for owner in (sa.SHMArrays, a):
            a.write_arrays(filled(2.0))
            a.update_arrays(filled(1.0), owner.add)
            a.update_arrays(filled(1.0), owner.axpy(2))
            a.update_arrays(filled(1.0), owner.blend(0.5))
            a.update_arrays(filled(1.0), owner.scale(4))
            a.update_arrays(filled(11.0), owner.minimum)
            a.update_arrays(filled(10.5), owner.maximum)
            self.holds(a, filled(11.0))

    def test_factors_are_numbers(self):
        for make in (sa.axpy, sa.blend, sa.scale):
            self.assertRaises(TypeError, make)
            self.assertRaises((TypeError, ValueError), make, 'x')

    def test_legacy_layout(self):
        a = self.made(filled(2.0), layout='legacy')
        for function, expected in ((sa.add, 3.0), (sa.axpy(2), 5.0), (sa.blend(0.5), 3.0),
                                   (sa.scale(2), 6.0), (sa.minimum, 1.0), (sa.maximum, 1.0)):
            self.equal_all(a.update_arrays(filled(1.0), function), filled(expected))
            self.holds(a, filled(expected))

    def test_matched_by_name(self):
        a = self.made(OrderedDict([('p', np.array([1.0])), ('q', np.array([2.0]))]))
        a.update_arrays(OrderedDict([('q', np.array([10.0])), ('p', np.array([20.0]))]), sa.add)
        self.equal_all(a.read_arrays(), {'p': np.array([21.0]), 'q': np.array([12.0])})

    def test_the_interpreter_goes_on_while_they_wait(self):
        """Else the thread that is to give the lock back could never do so."""
        a = self.made(filled(2.0))
        other = self.again(a)
        for function in (sa.add, sa.axpy(1.0), sa.maximum):
            with a.view():
                thread = Thread(other.update_arrays, filled(3.0), function)
                waits_for(a)
            thread.result()


class TestLifetime(NumpyCase):
    """close, remove, with; closed handles."""

    OPERATIONS = [
        ('read_arrays', lambda a: a.read_arrays()),
        ('write_arrays', lambda a: a.write_arrays(filled(2.0))),
        ('update_arrays', lambda a: a.update_arrays(filled(2.0))),
        ('update_arrays, function', lambda a: a.update_arrays(filled(2.0), lambda n, o: n)),
        ('update_arrays, built-in', lambda a: a.update_arrays(filled(2.0), sa.add)),
        ('add_updates', lambda a: a.add_updates(filled(2.0))),
        ('item', lambda a: a['a']),
        ('set item', lambda a: a.__setitem__('a', np.zeros(6))),
        ('values', lambda a: list(a.values())),
        ('items', lambda a: list(a.items())),
        ('remove', lambda a: a.remove()),
    ]
    NATIVE = [('view', lambda a: a.view().__enter__()), ('versions', lambda a: a.versions())]

    def test_closed(self):
        for layout in ('native', 'legacy'):
            a = self.made(filled(1.0), layout=layout)
            self.assertTrue(a.closed is False)
            a.close()
            self.assertTrue(a.closed is True)

    def test_close_twice(self):
        for layout in ('native', 'legacy'):
            a = self.made(filled(1.0), layout=layout)
            self.assertTrue(a.close() is None)
            self.assertTrue(a.close() is None)

    def test_operations_on_a_closed_handle(self):
        for layout, operations in (('native', self.OPERATIONS + self.NATIVE),
                                   ('legacy', self.OPERATIONS)):
            a = self.made(filled(1.0), layout=layout)
            b = again(a)
            b.close()
            for what, operation in operations:
                try:
                    operation(b)
                except ValueError:
                    continue
                self.fail('%s of a closed handle, %s' % (what, layout))
            self.holds(a, filled(1.0))

    def test_close_does_not_disturb_others(self):
        for layout in ('native', 'legacy'):
            a = self.made(filled(1.0), layout=layout)
            b = again(a)
            b.close()
            self.equal_all(a.read_arrays(), filled(1.0))
            a.write_arrays(filled(2.0))
            self.holds(a, filled(2.0))

    def test_close_unmaps(self):
        a = self.made(filled(1.0))
        segment, before = memory(a), memory(a).nattch
        b = again(a)
        self.assertEqual(segment.nattch, before + 1)
        b.close()
        self.assertEqual(segment.nattch, before)

    def test_dropping_a_handle_unmaps(self):
        a = self.made(filled(1.0))
        segment, before = memory(a), memory(a).nattch
        b = again(a)
        self.assertEqual(segment.nattch, before + 1)
        del b
        gc.collect()
        self.assertEqual(segment.nattch, before)

    def test_with(self):
        a = self.made(filled(1.0))
        with again(a) as b:
            self.assertTrue(isinstance(b, sa.SHMArrays))
            b.write_arrays(filled(2.0))
        self.assertTrue(b.closed)
        self.holds(a, filled(2.0))

    def test_with_and_an_exception(self):
        a, handles = self.made(filled(1.0)), []

        def leave():
            with again(a) as b:
                handles.append(b)
                raise ZeroDivisionError

        self.assertRaises(ZeroDivisionError, leave)
        self.assertTrue(handles[0].closed)

    def test_close_in_an_update_function(self):
        """Close is always legal, or says that it is not: EDEADLK. The lock is free afterwards."""
        a = self.made(filled(1.0))
        b = self.again(a)

        def function(new, old):
            try:
                b.close()
            except shm.error as error:
                self.assertEqual(error.errno, EDEADLK)
            return old + new

        try:
            b.update_arrays(filled(1.0), function)
        except ValueError:
            self.assertTrue(b.closed)
        self.is_free(a)

    def test_remove(self):
        a = self.made(filled(1.0))
        b = self.again(a)
        self.assertTrue(a.remove() is None)
        self.assertFalse(a.closed)
        for handle in (a, b):
            for call in (handle.read_arrays, lambda: handle.write_arrays(filled(2.0)),
                         lambda: handle.add_updates(filled(1.0)), handle.versions,
                         lambda: handle['a'], handle.remove):
                self.refused(EIDRM, call)
        b.close()

    def test_remove_legacy(self):
        a = self.made(filled(1.0), layout='legacy')
        b = self.again(a)
        a.remove()
        self.assertRaises(shm.error, b.write_arrays, filled(2.0))
        self.assertRaises(shm.error, b.read_arrays)

    def test_remove_while_somebody_waits(self):
        a = self.made(filled(1.0))
        b = self.again(a)
        try:
            with a.view():
                thread = Thread(self.refused, EIDRM, b.write_arrays, filled(2.0))
                waits_for(a)
                a.remove()
                thread.result()
        except shm.error as error:
            # There is no lock to give back any more.
            self.assertEqual(error.errno, EIDRM)
        self.assertEqual(shm.memory_haskey(a.get_keys()[0].memory_key), 0)


class TestMapping(NumpyCase):
    """len, in, iteration, keys, values, items, a[key]."""

    def setUp(self):
        super(TestMapping, self).setUp()
        self.arrays = OrderedDict([('z', np.arange(4.0)), (5, np.array(7, 'i2')),
                                   (('t', 1), np.ones((2, 2)))])

    def each_layout(self):
        one_type = OrderedDict((n, v.astype('f8')) for n, v in self.arrays.items())
        return [(self.made(self.arrays), self.arrays), (self.made(one_type, layout='legacy'), one_type)]

    def test_names(self):
        for a, arrays in self.each_layout():
            self.assertEqual(len(a), 3)
            self.assertEqual(list(a), list(arrays))
            self.assertEqual(list(a.keys()), list(arrays))
            for name in arrays:
                self.assertTrue(name in a)
            for name in ('nobody', '5', 4, None):
                self.assertFalse(name in a)

    def test_values_and_items(self):
        for a, arrays in self.each_layout():
            self.equal_all(OrderedDict(a.items()), arrays)
            self.equal_all(OrderedDict(zip(arrays, a.values())), arrays)

    def test_as_a_dictionary(self):
        for a, arrays in self.each_layout():
            self.equal_all(dict(a), dict(arrays))

    def test_item_is_a_copy(self):
        for a, arrays in self.each_layout():
            for name, value in arrays.items():
                self.equal(a[name], value)
                self.assertTrue(isinstance(a[name], np.ndarray))
                copy = a[name]
                copy[...] = 99
            self.holds(a, arrays)

    def test_set_item(self):
        for a, arrays in self.each_layout():
            a['z'] = np.full(4, 2.5)
            a[5] = np.array(-1, arrays[5].dtype)
            self.holds(a, OrderedDict([('z', np.full(4, 2.5)), (5, np.array(-1, arrays[5].dtype)),
                                       (('t', 1), np.ones((2, 2)))]))

    def test_unknown_items(self):
        for a, arrays in self.each_layout():
            with self.untouched(a):
                self.assertRaises(KeyError, lambda: a['nobody'])
                self.assertRaises(KeyError, a.__setitem__, 'nobody', np.zeros(4))
                self.assertRaises(ValueError, a.__setitem__, 'z', np.zeros(3))
                self.assertRaises(ValueError, a.__setitem__, 'z', np.zeros(5))

    def test_set_item_concerns_one_partition(self):
        a = self.made(two_partitions())
        before = a.versions()
        a['y'] = np.zeros(20000)
        index = [1 in list(group) for group in a.partitioning].index(True)
        before[index] += 1
        self.assertEqual(a.versions(), before)


class TestTimeout(NumpyCase):

    def test_property(self):
        for layout in ('native', 'legacy'):
            a = self.made(filled(1.0), layout=layout)
            self.assertTrue(a.timeout is None)
            for value in (0, 2, 0.25, None, 1.5):
                a.timeout = value
                self.assertEqual(a.timeout, value)
            self.assertEqual(self.again(a, timeout=2.5).timeout, 2.5)

    def test_expiry(self):
        for layout in ('native', 'legacy'):
            for timeout in (0, 0.02):
                a = self.made(filled(1.0), layout=layout, timeout=timeout)
                with locked(a):
                    for call in (a.write_arrays, a.update_arrays, a.add_updates):
                        error = self.refused(EAGAIN, call, filled(2.0))
                        self.assertEqual(error[0], EAGAIN)
                    self.refused(EAGAIN, a.update_arrays, filled(2.0), lambda n, o: n)
                    self.refused(EAGAIN, a.__setitem__, 'a', np.zeros(6))
                self.holds(a, filled(1.0))

    def test_set_later(self):
        a = self.made(filled(1.0))
        a.timeout = 0
        with locked(a):
            self.refused(EAGAIN, a.write_arrays, filled(2.0))
        a.timeout = None
        with a.view():
            thread = Thread(again(a).write_arrays, filled(2.0))
            waits_for(a)
        thread.result()
        self.holds(a, filled(2.0))

    def test_views_too(self):
        a = self.made(filled(1.0), timeout=0)
        with locked(a):
            self.refused(EAGAIN, lambda: a.view().__enter__())

    def test_a_free_lock_needs_no_time(self):
        for layout in ('native', 'legacy'):
            a = self.made(filled(1.0), layout=layout, timeout=0)
            a.write_arrays(filled(2.0))
            self.holds(a, filled(2.0))


class TestVersions(NumpyCase):

    def test_one_for_each_partition(self):
        a = self.made(two_partitions())
        self.assertEqual(a.versions(), [0] * len(a.get_keys()))
        self.assertTrue(isinstance(a.versions(), list))

    def test_each_change_adds_one(self):
        a = self.made(two_partitions())
        for count, change in enumerate([
                lambda: a.write_arrays(two_partitions()),
                lambda: a.update_arrays(two_partitions()),
                lambda: a.update_arrays(two_partitions(), lambda n, o: o),
                lambda: a.update_arrays(two_partitions(), sa.minimum),
                lambda: a.add_updates(two_partitions())]):
            change()
            self.assertEqual(a.versions(), [count + 1] * len(a.get_keys()))
        self.assertEqual(self.again(a).versions(), a.versions())

    def test_arrays_without_elements_are_left_alone(self):
        """A partition without any new content is left alone (arrays.h); a function is called all the same."""
        arrays = named(x=np.zeros((3, 0)))
        a = self.made(arrays)
        for change in (
                lambda: a.write_arrays(arrays), lambda: a.add_updates(arrays),
                lambda: a.update_arrays(arrays, sa.minimum), lambda: a.__setitem__('x', arrays['x'])):
            change()
            self.assertEqual(a.versions(), [0])
        a.update_arrays(arrays, lambda n, o: n)
        self.assertEqual(a.versions(), [1])

    def test_reading_adds_nothing(self):
        a = self.made(two_partitions())
        a.read_arrays()
        a['x']
        list(a.items())
        with a.view():
            self.assertEqual(a.versions(), [0] * len(a.get_keys()))
        self.assertEqual(a.versions(), [0] * len(a.get_keys()))


class TestHandlePickling(NumpyCase):

    def test_by_key(self):
        for layout in ('native', 'legacy'):
            a = self.made(filled(1.0), layout=layout)
            for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
                b = self.closing(pickle.loads(pickle.dumps(a, protocol)))
                self.assertTrue(isinstance(b, sa.SHMArrays))
                self.assertEqual((b.layout, b.get_keys()), (layout, a.get_keys()))
                b.add_updates(filled(1.0))
                self.equal_all(a.read_arrays(), b.read_arrays())
            self.holds(a, filled(1.0 + pickle.HIGHEST_PROTOCOL - 1))

    def test_the_view_of_the_handle_is_kept(self):
        """Its order of names and its shapes, which may be others than those of the set."""
        a = self.made(OrderedDict([('p', np.arange(6.0)), ('q', np.arange(4.0))]))
        arrays = OrderedDict([('p', np.zeros((2, 3))), ('q', np.zeros((4, 1)))])
        b = self.closing(sa.SHMArrays(arrays, keys=a.get_keys()))
        c = self.closing(pickle.loads(pickle.dumps(b, 2)))
        self.equal_all(c.read_arrays(), b.read_arrays())
        self.assertEqual(c.read_arrays()['p'].shape, (2, 3))

    def test_it_is_short(self):
        a = self.made(two_partitions())
        self.assertTrue(len(pickle.dumps(a, 2)) < 4096)

    def test_a_set_that_is_gone(self):
        a = self.made(filled(1.0))
        data = pickle.dumps(a, 2)
        a.remove()
        a.close()
        self.assertRaises((shm.error, KeyError), pickle.loads, data)


class TestUpdateFunctions(NumpyCase):
    """What an update function may do, and what comes of it."""

    def test_old_is_the_segment_itself(self):
        a, addresses = self.made(filled(1.0)), []
        a.update_arrays(filled(1.0), lambda n, o: addresses.append(
            (o.flags.writeable, o.flags.owndata, o.__array_interface__['data'][0])) or o)
        self.assertEqual([row[:2] for row in addresses], [(False, False)] * 3)
        self.assertEqual(len(set(row[2] for row in addresses)), 3)

    def test_old_cannot_be_made_writable(self):
        a = self.made(filled(1.0))

        def function(new, old):
            old.flags.writeable = True
            old[:] = 5
            return old

        with self.untouched(a):
            self.assertRaises(ValueError, a.update_arrays, filled(1.0), function)

    def test_in_place_changes_name_copy_old(self):
        ways = [lambda o: o.__setitem__(0, 1), lambda o: o.__iadd__(1), lambda o: o.fill(1),
                lambda o: o.sort(), lambda o: np.add(o, 1, out=o), lambda o: np.copyto(o, 1)]
        a = self.made(filled(1.0))
        for way in ways:
            with self.untouched(a):
                try:
                    a.update_arrays(filled(1.0), lambda new, old: way(old))
                except ValueError as error:
                    self.assertIn('copy_old=True', str(error))
                else:
                    self.fail('old was changed in place')

    def test_other_value_errors_are_left_alone(self):
        a, mine = self.made(filled(1.0)), ValueError('mine')

        def function(new, old):
            raise mine

        try:
            a.update_arrays(filled(1.0), function)
        except ValueError as error:
            self.assertTrue(error is mine)
            self.assertEqual(str(error), 'mine')

    def test_copy_old(self):
        for options in ({'copy_old': True}, {'copy_old': 1}):
            a = self.made(filled(1.0))

            def function(new, old):
                old *= 3
                old += new
                return old

            self.equal_all(a.update_arrays(filled(1.0), function, **options), filled(4.0))
            self.holds(a, filled(4.0))

    def test_old_kept_beyond_the_call(self):
        """Its content means nothing then; it must only not bring the process down."""
        a, kept = self.made(filled(1.0)), []
        b = again(a)
        b.update_arrays(filled(1.0), lambda n, o: kept.append(o) or n)
        b.close()
        a.remove()
        a.close()
        gc.collect()
        self.assertEqual([len(value.tobytes()) for value in kept], [48] * 3)

    def test_new_may_be_returned(self):
        a, new = self.made(filled(1.0)), filled(2.0)
        result = a.update_arrays(new, lambda n, o: n)
        self.holds(a, filled(2.0))
        for value in result.values():
            value[:] = 9
        self.holds(a, filled(2.0))

    def test_a_later_partition_fails(self):
        """What was done before a failure stays done; the failing partition is as it was."""
        a = self.made(OrderedDict((i, np.zeros(20000)) for i in range(2)))
        calls = []

        def function(new, old):
            calls.append(1)
            if len(calls) == 2:
                raise ZeroDivisionError
            return new

        new = OrderedDict((i, np.ones(20000)) for i in range(2))
        self.assertRaises(ZeroDivisionError, a.update_arrays, new, function)
        self.assertEqual(sorted(a.versions()), [0, 1])
        self.assertEqual(sorted(value[0] for value in a.read_arrays().values()), [0.0, 1.0])
        for value in a.read_arrays().values():
            self.equal(value, np.full(20000, value[0]))
        self.is_free(a)

    def test_a_later_array_of_the_partition_fails(self):
        a, calls = self.made(filled(1.0)), []

        def function(new, old):
            calls.append(1)
            return new if len(calls) < 3 else 1 // 0

        with self.untouched(a):
            self.assertRaises(ZeroDivisionError, a.update_arrays, filled(2.0), function)

    def test_the_same_partition_within_a_function(self):
        a = self.made(filled(1.0))
        other = self.again(a)
        seen = []

        def function(new, old):
            for handle in (a, other):
                for call in (lambda: handle.write_arrays(filled(5.0)),
                             lambda: handle.add_updates(filled(5.0)),
                             lambda: handle.update_arrays(filled(5.0), lambda n, o: n),
                             handle.read_arrays, lambda: handle.view().__enter__()):
                    self.refused(EDEADLK, call)
            seen.append(1)
            return old + new

        a.update_arrays(filled(1.0), function)
        self.assertEqual(len(seen), 3)
        self.holds(a, filled(2.0))

    def test_deadlock_left_to_propagate(self):
        a = self.made(filled(1.0))
        with self.untouched(a):
            self.refused(EDEADLK, a.update_arrays, filled(1.0),
                         lambda n, o: a.add_updates(filled(1.0)))

    def test_another_set_within_a_function(self):
        a, b = self.made(filled(1.0)), self.made(filled(10.0))
        a.update_arrays(filled(1.0), lambda n, o: b.add_updates(filled(1.0))['a'] + o)
        self.holds(b, filled(13.0))
        self.equal_all(a.read_arrays(), OrderedDict(zip('abc', self.sums(a, b))))

    @staticmethod
    def sums(a, b):
        """Equal sizes are called in reverse: 11, 12 and 13 of b and 1 of a."""
        return [np.full(6, 14.0), np.full(6, 13.0), np.full(6, 12.0)]

    def test_another_thread_waits(self):
        """A handle used by a second thread within the function of the first waits, as others do."""
        a, threads = self.made(filled(1.0)), []

        def function(new, old):
            if not threads:
                threads.append(Thread(a.add_updates, filled(1.0)))
                waits_for(a)
            return old + new

        a.update_arrays(filled(1.0), function)
        threads[0].result()
        self.holds(a, filled(3.0))

    def test_empty_arrays_are_called_too(self):
        a, shapes = self.made(named(x=np.zeros((0, 2)), y=np.zeros(3))), []
        a.update_arrays(named(x=np.zeros((0, 2)), y=np.ones(3)),
                        lambda n, o: shapes.append(o.shape) or n)
        self.assertEqual(shapes, [(3,), (0, 2)])


class TestThreads(NumpyCase):

    def test_close_while_others_read(self):
        """A close waits for nobody and breaks nothing: who comes later gets ValueError."""
        a = self.made(OrderedDict((i, np.ones(1000)) for i in range(10)))
        b, started = self.again(a), threading.Semaphore(0)

        def read():
            started.release()
            try:
                while True:
                    values = b.read_arrays().values()
                    if not all((value == 1).all() for value in values):
                        return 'wrong values'
            except ValueError:
                return 'closed'

        threads = [Thread(read) for _ in range(4)]
        for _ in threads:
            started.acquire()
        b.close()
        self.assertEqual([thread.result() for thread in threads], ['closed'] * 4)
        self.holds(a, OrderedDict((i, np.ones(1000)) for i in range(10)))


if __name__ == '__main__':
    unittest.main()
