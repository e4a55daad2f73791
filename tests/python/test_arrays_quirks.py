"""Quirks Q39 to Q51 of doc/legacy.md section 10, with the choices of section 12, on both layouts."""
import json
import pickle
import unittest
import warnings
from collections import OrderedDict

import arrays_table
import shm
from arrays_world import (DEADLINE, NumpyCase, Thread, like, locked, memory, named, np, sa, semaphore,
                          waits_for)

EXCEPTIONS = {'KeyError': KeyError, 'ValueError': ValueError, 'AttributeError': AttributeError,
              'TypeError': TypeError, 'ZeroDivisionError': ZeroDivisionError}


def content():
    """Three arrays of different sizes; position is not order of size."""
    return OrderedDict([('b', np.arange(3.0)), ('a', np.arange(5.0) + 10), ('c', np.arange(4.0) + 20)])


def changed():
    return OrderedDict((name, -value - 1) for name, value in content().items())


def without(arrays, name):
    del arrays[name]
    return arrays


def with_one(arrays, name, value):
    arrays[name] = value
    return arrays


def foreign():
    return OrderedDict(zip(['x', 'y', 'z'], changed().values()))


def reordered():
    return OrderedDict((name, changed()[name]) for name in ('c', 'b', 'a'))


# The operations of arrays_table.MISMATCHES: dictionaries to write, or to update with.
OPERATIONS = {
    'fewer': lambda: without(changed(), 'a'),
    'more': lambda: with_one(changed(), 'd', np.zeros(2)),
    'unknown': lambda: with_one(without(changed(), 'a'), 'd', np.zeros(5)),
    'foreign': foreign,
    'reordered': reordered,
    'small': lambda: with_one(changed(), 'a', np.zeros(4)),
    'large': lambda: with_one(changed(), 'a', np.zeros(6)),
    'list': lambda: with_one(changed(), 'a', [0.0] * 5),
}


def perform(a, operation):
    """write_... or update_...; an update gives what a write would."""
    verb, what = operation.split('_')
    if verb == 'write':
        return a.write_arrays(OPERATIONS[what]())
    return a.update_arrays(OPERATIONS[what](), lambda new, old: new)


# The update functions of arrays_table.FAILING_FUNCTIONS: they fail for the last of three arrays.

def last_returns(value):
    def function(new, old):
        return value if new.size == 3 else new + old

    return function


FUNCTIONS = {
    'raises': lambda new, old: 1 // (new.size - 3) + new,
    'returns_float': last_returns(1.5) if np else None,
    'returns_large': last_returns(np.zeros(6)) if np else None,
    'returns_small': last_returns(np.zeros(2)) if np else None,
    'returns_scalar': last_returns(np.float64(1)) if np else None,
    'returns_none': last_returns(None),
    'takes_one': lambda new: new,
}


# The situations of arrays_table.CONSTRUCTION: (arrays, keys) of two partitions that do not fit.

def wide():
    return OrderedDict([('x', np.zeros(20000, 'i1')), ('y', np.zeros(20000, 'i1'))])


ATTACHES = {
    'attach_dtype': lambda keys: (OrderedDict((n, v.astype('i2')) for n, v in wide().items()), keys),
    'attach_large': lambda keys: (OrderedDict((n, np.zeros(20001, 'i1')) for n in 'xy'), keys),
    'attach_fewer_keys': lambda keys: (wide(), keys[:1]),
    'attach_more_keys': lambda keys: (wide(), keys + keys[:1]),
    'attach_no_keys': lambda keys: (wide(), []),
}


class Quirks(object):

    layout = None

    def new(self, arrays=None, **options):
        return self.made(content() if arrays is None else arrays, layout=self.layout, **options)

    # Q39: the lock is given back whatever goes wrong, and nothing is written then

    def test_q39_no_lock_is_kept_when_a_function_fails(self):
        def check(situation, function, error):
            a = self.new()
            with self.untouched(a):
                self.assertRaises(EXCEPTIONS[error], a.update_arrays, changed(), FUNCTIONS[function])
                self.assertEqual(semaphore(a).val, 1)

        self.each(arrays_table.FAILING_FUNCTIONS, check)

    def test_q39_the_very_exception_comes_out(self):
        for kind in (KeyError, KeyboardInterrupt, SystemExit, shm.error, GeneratorExit):
            a, error = self.new(), kind('of the test')

            def function(new, old):
                raise error

            with self.untouched(a):
                try:
                    a.update_arrays(changed(), function)
                except BaseException as caught:
                    self.assertTrue(caught is error, repr(caught))
                else:
                    self.fail('%s was lost' % kind)

    def test_q39_a_waiting_thread_gets_the_lock(self):
        a = self.new()
        other = self.closing(sa.SHMArrays(content(), keys=a.get_keys(), layout=self.layout))
        threads = []

        def function(new, old):
            if not threads:
                threads.append(Thread(other.add_updates, changed()))
                waits_for(a)
            raise ZeroDivisionError

        self.assertRaises(ZeroDivisionError, a.update_arrays, changed(), function)
        threads[0].result()
        self.holds(a, OrderedDict((n, v + changed()[n]) for n, v in content().items()))

    # Q40: the lock of a dead process is given back, and what it had begun is not to be seen

    def where(self, a):
        if self.layout == 'native':
            return a.root_key
        return json.dumps({'keys': a.get_keys(),
                           'arrays': [(n, s.size) for n, s in a.specs.items()]})

    def test_q40_death_inside_an_update_function(self):
        a = self.new(timeout=DEADLINE / 4)
        program = self.program('inside_update', self.where(a))
        self.assertEqual(program.line(), 'inside')
        self.assertEqual(semaphore(a).val, 0)
        program.kill()
        with self.untouched(a):
            pass
        a.add_updates(changed())
        self.holds(a, OrderedDict((n, v + changed()[n]) for n, v in content().items()))

    def test_q40_a_live_process_keeps_its_lock(self):
        a = self.new(timeout=0)
        program = self.program('inside_update', self.where(a))
        self.assertEqual(program.line(), 'inside')
        self.refused(11, a.write_arrays, changed())
        program.say('go on')
        self.assertEqual(program.finish(), (0, 'published'))
        self.holds(a, OrderedDict((n, v + 1) for n, v in content().items()))

    # Q41 and Q42, the mismatch table

    def test_q41_q42_mismatches(self):
        def check(situation, before, quirk, operation, now):
            a = self.new()
            if now in EXCEPTIONS:
                with self.untouched(a):
                    self.assertRaises(EXCEPTIONS[now], perform, a, operation)
            else:
                perform(a, operation)
                self.holds(a, changed())

        self.each(arrays_table.MISMATCHES, check)

    def test_q41_q42_are_found_before_any_lock(self):
        def check(situation, before, quirk, operation, now):
            if now not in EXCEPTIONS:
                return
            with locked(a):
                self.assertRaises(EXCEPTIONS[now], perform, a, operation)

        a = self.new(timeout=0)
        with locked(a):
            self.refused(11, a.write_arrays, changed())
        self.each(arrays_table.MISMATCHES, check)

    def test_q41_names_in_order(self):
        a = self.new()
        a.write_arrays(changed())
        self.holds(a, changed())

    def test_q41_names_in_another_order(self):
        a = self.new()
        a.write_arrays(reordered())
        self.holds(a, changed())
        result = a.add_updates(reordered())
        self.assertEqual(list(result), ['b', 'a', 'c'])
        self.holds(a, OrderedDict((n, 2 * v) for n, v in changed().items()))

    def test_q41_unknown_and_missing_names(self):
        a = self.new()
        for operation in ('fewer', 'more', 'unknown'):
            for call in (a.write_arrays, a.update_arrays, a.add_updates):
                with self.untouched(a):
                    self.assertRaises(KeyError, call, OPERATIONS[operation]())

    def test_q41_no_name_matches(self):
        a = self.new()
        a.write_arrays(foreign())
        self.holds(a, changed())
        result = a.update_arrays(foreign(), lambda new, old: new + old)
        for name, value in foreign().items():
            self.equal(result[name], 2 * value)
        self.holds(a, OrderedDict((n, 2 * v) for n, v in changed().items()))

    def test_q41_foreign_names_are_appended_to_the_result(self):
        result = self.new().update_arrays(foreign(), lambda new, old: new)
        self.assertEqual(list(result), ['b', 'a', 'c', 'x', 'y', 'z'])
        self.assertEqual([result[name] for name in 'bac'], [None] * 3)

    def test_q41_no_name_matches_and_sizes_differ(self):
        a = self.new()
        for names in (['x', 'y'], ['w', 'x', 'y', 'z'], ['x', 'y', 'z']):
            with self.untouched(a):
                self.assertRaises((KeyError, ValueError), a.write_arrays,
                                  OrderedDict((n, np.zeros(3)) for n in names))

    def test_q42_construction(self):
        def check(situation, quirk, name):
            if name not in ATTACHES:
                return
            a = self.new(wide())
            arrays, keys = ATTACHES[name](list(a.get_keys()))
            self.assertRaises(ValueError, sa.SHMArrays, arrays, keys=keys, layout=self.layout)
            self.holds(a, wide())

        self.each(arrays_table.CONSTRUCTION, check)

    def test_q42_an_equal_count_of_elements_is_enough(self):
        a = self.new(named(x=np.arange(6.0).reshape(2, 3)))
        b = self.closing(sa.SHMArrays(named(x=np.zeros((6, 1))), keys=a.get_keys(),
                                      layout=self.layout))
        self.equal(b.read_arrays()['x'], np.arange(6.0).reshape(6, 1))
        a.update_arrays(named(x=np.ones((3, 2))), lambda new, old: new + old)
        self.equal(b.read_arrays()['x'], np.arange(6.0).reshape(6, 1) + 1)

    # Q43: partitions are those of the original

    def test_q43_partitions(self):
        a = self.new(OrderedDict((i, np.full(n, i, 'u1')) for i, n in
                                 enumerate([20001, 20000, 1, 20000, 1])))
        self.assertEqual([list(group) for group in a.partitioning], [[0], [3], [1, 4], [2]])
        self.assertEqual(len(a.get_keys()), 4)

    # Q44: whatever numpy takes for a type

    def test_q44_store_dtype(self):
        for store in (np.dtype('f4'), np.float32, 'f4', 'float32', '<f4'):
            a = self.new(named(x=np.array([1.5, 2.5])), store_dtype=store)
            self.assertEqual(a.store_dtype, np.dtype('f4'))
            self.assertTrue(isinstance(a.store_dtype, np.dtype))
            self.holds(a, named(x=np.array([1.5, 2.5])))

    def test_q44_what_numpy_does_not_take(self):
        self.assertRaises(TypeError, sa.SHMArrays, content(), store_dtype='no type',
                          layout=self.layout)

    # Q46: the type of the new value is that of the computation

    def test_q46_integers_into_floats(self):
        a = self.new(named(x=np.array([2.5, -2.5])))
        kinds = []

        def function(new, old):
            kinds.append((new.dtype, old.dtype, list(old)))
            return new + old + 0.75

        result = a.update_arrays(named(x=np.array([1, 1], 'i4')), function)
        self.assertEqual(kinds, [(np.dtype('i4'), np.dtype('i4'), [2, -2])])
        self.equal(result['x'], np.array([3, 0], 'i4'))
        self.equal(a.read_arrays()['x'], np.array([3.0, 0.0]))

    def test_q46_the_default_function_truncates_too(self):
        a = self.new(named(x=np.array([10.9, 20.0])))
        result = a.update_arrays(named(x=np.array([25, 5])))
        self.equal(result['x'], np.array([11, 18]))
        self.equal(a.read_arrays()['x'], np.array([11.0, 18.0]))

    def test_q46_add_updates_truncates_too(self):
        a = self.new(named(x=np.array([2.5, -2.5])))
        self.equal(a.add_updates(named(x=np.array([1, 1], 'i4')))['x'], np.array([3, -1], 'i4'))
        self.equal(a.read_arrays()['x'], np.array([3.0, -1.0]))

    # Q47: keys as JSON makes them

    def test_q47_keys(self):
        a = self.new(wide())
        keys = a.get_keys()
        for form in (keys, list(keys), tuple(keys), [list(k) for k in keys], [tuple(k) for k in keys],
                     json.loads(json.dumps(keys)), pickle.loads(pickle.dumps(keys, 2))):
            b = self.closing(sa.SHMArrays(wide(), keys=form, layout=self.layout))
            self.equal_all(b.read_arrays(), wide())
            self.assertEqual(b.get_keys(), keys)
            self.assertTrue(all(type(pair) is sa.mem_keys for pair in b.get_keys()))

    def test_q47_mem_keys_is_of_this_module(self):
        self.assertEqual((sa.mem_keys.__module__, sa.mem_keys.__name__), ('SHMArrays', 'mem_keys'))
        self.assertTrue(type(self.new().get_keys()[0]) is sa.mem_keys)

    def test_q47_what_is_no_pair(self):
        a = self.new()
        memory_key, semaphore_key = a.get_keys()[0]
        for pair in ([memory_key], [memory_key, semaphore_key, 1], memory_key, None):
            self.assertRaises((TypeError, ValueError), sa.SHMArrays, content(), keys=[pair],
                              layout=self.layout)

    # Q48: read_arrays takes, and ignores, what the README gives it

    def test_q48_read_arrays_ignores_its_argument(self):
        a = self.new()
        for argument in (None, {}, changed(), 5):
            self.equal_all(a.read_arrays(argument), content())
        self.equal_all(a.read_arrays(ignored=changed()), content())

    # Q49: nothing is removed unless somebody asks for it

    def test_q49_objects_stay_when_handles_go(self):
        a = self.new()
        keys = list(a.get_keys())
        a.close()
        del a
        b = self.closing(sa.SHMArrays(like_content(), keys=keys, layout=self.layout))
        self.equal_all(b.read_arrays(), content())

    def test_q49_with_only_closes(self):
        with self.new() as a:
            keys = list(a.get_keys())
        self.assertTrue(a.closed)
        self.assertEqual(shm.memory_haskey(keys[0].memory_key), 1)
        self.assertEqual(shm.semaphore_haskey(keys[0].semaphore_key), 1)

    def test_q49_remove(self):
        a = self.new(wide())
        keys = list(a.get_keys())
        a.remove()
        for memory_key, semaphore_key in keys:
            self.assertEqual(shm.memory_haskey(memory_key), 0)
            self.assertEqual(shm.semaphore_haskey(semaphore_key), 0)
        self.assertFalse(a.closed)

    # Q50: addresses are not shared

    def test_q50_object_dtype(self):
        objects = np.array([None, 'x'], dtype=object)
        record = np.zeros(2, dtype=[('n', 'i4'), ('o', object)])
        for arrays in (named(x=objects), named(a=np.zeros(2), x=objects), named(x=record)):
            self.assertRaises(ValueError, sa.SHMArrays, arrays, layout=self.layout)
        self.assertRaises(ValueError, sa.SHMArrays, named(x=np.zeros(2)), store_dtype=object,
                          layout=self.layout)

    def test_q50_object_dtype_on_attach(self):
        a = self.new(named(x=np.zeros(2)))
        self.assertRaises(ValueError, sa.SHMArrays, named(x=np.array([None] * 2, object)),
                          keys=a.get_keys(), layout=self.layout)

    # Q51: arrays without elements

    def test_q51_nothing_but_empty_arrays(self):
        arrays = named(x=np.zeros(0), y=np.zeros((3, 0)))
        a = self.new(arrays)
        self.holds(a, arrays)
        a.write_arrays(arrays)
        self.equal_all(a.add_updates(arrays), arrays)
        self.equal_all(a.update_arrays(arrays, lambda new, old: new), arrays)
        self.assertEqual(a.total_size, 0)
        self.assertEqual(len(a.get_keys()), 1)


def like_content():
    return OrderedDict((name, np.zeros_like(value)) for name, value in content().items())


class TestNativeQuirks(Quirks, NumpyCase):
    layout = 'native'

    def test_q40_death_inside_a_view(self):
        a = self.new(timeout=DEADLINE / 4)
        program = self.program('inside_view', a.root_key)
        self.assertEqual(program.line(), 'inside')
        program.kill()
        with self.untouched(a):
            pass

    def test_q42_another_type_of_the_same_size(self):
        def check(dtype):
            arrays = OrderedDict((n, np.zeros(v.shape, dtype)) for n, v in content().items())
            self.assertRaises(ValueError, sa.SHMArrays, arrays, keys=a.get_keys())

        a = self.new()
        self.each(['i8', 'u8', 'c8', 'M8[s]', 'S8', [('x', 'f8')]], check)

    def test_q42_the_byte_order_is_that_of_the_handle(self):
        a = self.new()
        b = self.closing(sa.SHMArrays(OrderedDict((n, np.zeros(v.shape, '>f8'))
                                                  for n, v in content().items()), keys=a.get_keys()))
        self.equal_all(b.read_arrays(), OrderedDict((n, v.astype('>f8'))
                                                    for n, v in content().items()))

    def test_q42_one_wrong_size_among_right_ones(self):
        a = self.new()
        arrays = with_one(content(), 'c', np.zeros(5))
        self.assertRaises(ValueError, sa.SHMArrays, arrays, keys=a.get_keys())

    def test_q42_keys_of_two_sets(self):
        a, b = self.new(wide()), self.new(wide())
        keys = [a.get_keys()[0], b.get_keys()[1]]
        self.assertRaises((ValueError, shm.error), sa.SHMArrays, wide(), keys=keys)

    def test_q45_types_are_kept_without_warning(self):
        arrays = OrderedDict([('i', np.array([1, 2], 'i4')), ('f', np.array([1.5, 2.7]))])
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter('always')
            a = self.new(arrays)
            a.write_arrays(arrays)
        self.assertEqual([str(w.message) for w in caught], [])
        self.holds(a, arrays)

    def test_q49_a_set_outlives_its_creator(self):
        program = self.program('create', '600')
        root, keys = json.loads(program.line())
        self.assertEqual(program.finish(), (0, ''))
        a = sa.SHMArrays.attach(root)
        self.addCleanup(a.close)
        self.addCleanup(a.remove)
        self.equal_all(a.read_arrays(), {'x': np.arange(4.0)})
        self.assertEqual([list(pair) for pair in a.get_keys()], keys)

    def test_section_12_old_is_a_read_only_view(self):
        a = self.new()

        def function(new, old):
            self.assertFalse(old.flags.writeable)
            self.assertFalse(old.flags.owndata)
            old += new
            return old

        with self.untouched(a):
            try:
                a.update_arrays(changed(), function)
            except ValueError as error:
                self.assertIn('copy_old=True', str(error))
            else:
                self.fail('the segment was changed in place')

    def test_section_12_copy_old(self):
        a = self.new()

        def function(new, old):
            old += new
            return old

        result = a.update_arrays(changed(), function, copy_old=True)
        expected = OrderedDict((n, v + changed()[n]) for n, v in content().items())
        self.equal_all(result, expected)
        self.holds(a, expected)

    def test_section_12_copy_old_is_private(self):
        a = self.new()

        def function(new, old):
            old[:] = 99
            raise ZeroDivisionError

        with self.untouched(a):
            self.assertRaises(ZeroDivisionError, a.update_arrays, changed(), function, copy_old=True)


class TestLegacyQuirks(Quirks, NumpyCase):
    layout = 'legacy'

    def caught(self, call, *arguments):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter('always')
            result = call(*arguments)
        return result, [str(w.message) for w in caught]

    def test_q45_loss_is_warned_of_once(self):
        arrays = OrderedDict([('i', np.array([1, 2], 'i4')), ('f', np.array([1.5, 2.7]))])
        a, messages = self.caught(self.new, arrays)
        for _ in range(2):
            messages += self.caught(a.write_arrays, arrays)[1]
            messages += self.caught(a.update_arrays, arrays, lambda new, old: new)[1]
        self.assertEqual(len(messages), 1, messages)
        self.holds(a, OrderedDict([('i', np.array([1, 2], 'i4')), ('f', np.array([1.0, 2.0]))]))

    def test_q45_no_loss_no_warning(self):
        for dtypes in (('f8', 'f8'), ('f8', 'i4'), ('i8', 'u1')):
            arrays = OrderedDict(zip('xy', (np.array([1, 2], d) for d in dtypes)))
            a, messages = self.caught(self.new, arrays)
            messages += self.caught(a.write_arrays, arrays)[1]
            self.assertEqual(messages, [])

    def test_q45_large_integers_and_booleans(self):
        for arrays, stored in (
                (OrderedDict([('f', np.array([0.5])), ('i', np.array([2 ** 53 + 1]))]),
                 OrderedDict([('f', np.array([0.5])), ('i', np.array([2 ** 53]))])),
                (OrderedDict([('b', np.array([True])), ('i', np.array([7, 0]))]),
                 OrderedDict([('b', np.array([True])), ('i', np.array([1, 0]))]))):
            a, messages = self.caught(self.new, arrays)
            self.assertEqual(len(messages), 1, messages)
            self.holds(a, stored)

    def test_q51_one_byte(self):
        a = self.new(named(x=np.zeros(0)))
        self.assertEqual(memory(a).size, 1)
        b = self.closing(sa.SHMArrays(like(a), keys=a.get_keys()))
        self.assertEqual(b.layout, 'legacy')

    def test_section_12_old_is_a_private_copy(self):
        a = self.new()

        def function(new, old):
            old += new
            return old

        a.update_arrays(changed(), function)
        expected = OrderedDict((n, v + changed()[n]) for n, v in content().items())
        self.holds(a, expected)

        def failing(new, old):
            old[:] = 99
            raise ZeroDivisionError

        with self.untouched(a):
            self.assertRaises(ZeroDivisionError, a.update_arrays, changed(), failing)

    def test_views_are_for_the_native_layout(self):
        a = self.new()
        with self.untouched(a):
            self.assertRaises(ValueError, lambda: a.view().__enter__())


if __name__ == '__main__':
    unittest.main()
