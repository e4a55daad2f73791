# coding: utf-8
"""Module shm: sections 1 to 3 and 5 of doc/legacy.md."""
import copy
import ctypes
import errno
import gc
import os
import pickle
import re
import sys
import tempfile
import unittest
import weakref

import shm

import legacy_table as table
import world
from world import BACKEND, NOBODY, PAGE, PY3


class Integers(world.Case):
    """L1.3: what counts as an integer."""

    def setUp(self):
        super(Integers, self).setUp()
        self.c = world.Context(self)

    def test_refused_L1_3(self):
        rows = [(p, r) for p in table.INTEGER_PARAMETERS for r in table.REFUSED_INTEGERS]
        self.each(rows, lambda p, r: self.fails(TypeError, r[2], p[2], self.c, r[1]))

    def test_out_of_range_L1_3_L2_2_27(self):
        rows = [(p, r) for r in table.OUT_OF_RANGE for p in r[1]]
        self.each(rows, lambda p, r: self.fails(OverflowError, r[3], p[2], self.c, r[2]))

    def test_out_of_range_changes_nothing(self):
        for value in (2 ** 31, -2 ** 31 - 1):
            self.fails(OverflowError, None, self.c.s.setval, value)
        self.fails(OverflowError, None, self.c.m.setperm, 2 ** 63)
        self.assertEqual((self.c.s.val, self.c.m.perm), (1, 0o666))

    def test_address_out_of_range(self):
        self.fails(OverflowError, None, self.c.m.attach, 2 ** 64)

    def _accepted(self, rule, name, number):
        m, s = self.c.m, self.c.s
        self.assertEqual(shm.getshmid(number(m.key)), m.shmid)
        self.assertEqual(shm.semaphore_haskey(number(s.key)), 1)
        self.assertIs(shm.memory(number(m.shmid)), m)
        self.assertIs(shm.semaphore(number(s.semid)), s)
        m.write('0123456789', number(2))
        self.assertEqual(m.read(number(3), number(4)), b'234')
        s.setval(number(7))
        self.assertEqual(s.val, 7)
        s.setblocking(number(0))
        self.assertEqual(s.blocking, 0)
        m.setperm(number(0o640))
        self.assertEqual(m.perm, 0o640)
        made = self.held(shm.create_memory(number(self.key()), number(33), number(0o600)))
        self.assertEqual((made.size, made.perm), (33, 0o600))
        made.attach(number(0), number(shm.SHM_RDONLY))
        self.assertEqual(made.attached, 1)
        self.assertEqual(shm.ftok('/', number(3)), shm.ftok('/', 3))

    def test_accepted_L1_3(self):
        self.each(table.ACCEPTED_INTEGERS, self._accepted)

    def test_bool_L1_3(self):
        self.c.m.write('ab', True)
        self.assertEqual(self.c.m.read(True, True), b'a')
        self.c.s.setval(True)
        self.assertEqual(self.c.s.val, 1)
        self.c.s.setblocking(False)
        self.assertEqual(self.c.s.blocking, 0)
        self.c.s.setblocking(True)
        self.assertEqual(self.c.s.blocking, 1)

    def test_exception_of_int_passes_L1_3(self):
        class Broken(object):
            def __int__(self):
                raise ZeroDivisionError('of its own')

        self.fails(ZeroDivisionError, ('of its own',), shm.getshmid, Broken())
        self.fails(ZeroDivisionError, ('of its own',), shm.memory, Broken())

    def test_int_that_gives_no_number_L1_3(self):
        self.fails(TypeError, None, shm.getshmid, table.WithInt('5'))
        self.fails(TypeError, None, shm.memory, table.WithInt('5'))

    @world.needs_numpy
    def test_numpy_L1_3(self):
        n = world.numpy
        for kind in (n.int8, n.uint8, n.int32, n.int64, n.uint64):
            self._accepted_small(kind)
        self.fails(TypeError, table.A_FLOAT, shm.getshmid, n.float64(1))
        made = self.held(shm.create_memory(n.int64(self.key()), n.int64(50)))
        self.assertEqual(made.size, 50)

    def _accepted_small(self, kind):
        self.c.m.write('0123456789', kind(2))
        self.assertEqual(self.c.m.read(kind(3), kind(4)), b'234')


class Calls(world.Case):
    """L1.4, Q34: numbers of arguments, keywords, docstrings."""

    def setUp(self):
        super(Calls, self).setUp()
        self.c = world.Context(self)

    def test_counts_L1_4(self):
        self.each(table.ARGUMENT_COUNTS, lambda rule, name, args, text: self.fails(
            TypeError, (text,), self.c.at(name), *args))

    def test_keywords_Q34(self):
        def check(rule, call, result):
            self.assertEqual(call(self.c), result(self.c))

        self.each(table.KEYWORDS, check)

    def test_keywords_of_creation_Q34(self):
        m = shm.create_memory(key=self.key(), size=20, perm=0o640)
        self.addCleanup(world.remove_memory, m.shmid)
        self.assertEqual((m.size, m.perm), (20, 0o640))
        s = shm.create_semaphore(key=self.key(), value=3, perm=0o640)
        self.addCleanup(world.remove_semaphore, s.semid)
        self.assertEqual((s.val, s.perm), (3, 0o640))
        self.assertIsNone(shm.remove_memory(id=m.shmid))
        self.assertIsNone(shm.remove_semaphore(id=s.semid))

    def test_keywords_that_are_none_Q34(self):
        self.each(table.WRONG_KEYWORDS,
                  lambda rule, call: self.fails(TypeError, None, call, self.c))
        self.assertEqual(shm.memory_haskey(self.c.key), 0)
        self.assertEqual(self.c.s.val, 1)

    def test_docstrings_L2_1_1(self):
        names = ['shm.' + n for n in table.LEGACY_FUNCTIONS + table.NEW_FUNCTIONS]
        names += ['m.' + n for n in table.MEMORY_METHODS]
        names += ['s.' + n for n in table.SEMAPHORE_METHODS]

        def check(name):
            doc = self.c.at(name).__doc__
            self.assertTrue(doc and doc.startswith(name.split('.')[1] + '('), doc)
            self.assertNotIn('\n', doc)

        self.each([(name,) for name in names], check)


class Keys(world.Case):
    """L1.5, L1.6: keys are folded to 32 bits and reported unsigned."""

    def test_one_key_many_numbers_L1_5(self):
        m, s = self.memory(), self.semaphore()

        def check(rule, other):
            self.assertEqual(shm.getshmid(other(m.key)), m.shmid)
            self.assertEqual(shm.getsemid(other(s.key)), s.semid)
            self.assertEqual(shm.memory_haskey(other(m.key)), 1)
            self.assertEqual(shm.semaphore_haskey(other(s.key)), 1)
            self.error(table.EEXIST, shm.create_memory, other(m.key), 10)
            self.error(table.EEXIST, shm.create_semaphore, other(s.key))

        self.each(table.SAME_KEY, check)

    def test_created_under_any_number_L1_5_L1_6(self):
        def check(rule, other):
            key = self.key()
            m, s = shm.create_memory(other(key), 10), shm.create_semaphore(other(key))
            self.assertEqual((m.key, s.key), (key, key))
            self.assertEqual((shm.getshmid(key), shm.getsemid(key)), (m.shmid, s.semid))

        self.each(table.SAME_KEY, check)

    def test_table_of_numbers_L1_5_L1_6(self):
        code = '''
import legacy_table
found = []
for rule, given, reported in legacy_table.KEY_FOLDING:
    m, s = shm.create_memory(given, 10), shm.create_semaphore(given)
    found.append([m.key == reported, s.key == reported, shm.getshmid(reported) == m.shmid,
                  shm.getsemid(reported) == s.semid])
    shm.remove_memory(m.shmid)
    shm.remove_semaphore(s.semid)
report(found)
'''
        found, left = self.alone(code)
        self.assertEqual(found, [[True] * 4] * len(table.KEY_FOLDING))
        self.assertEqual(left, [])

    def test_zero_is_private_L1_5_L2_2_6(self):
        def check(rule, key):
            m1, m2 = self.private_memory(key), self.private_memory(key)
            s1, s2 = self.private_semaphore(key), self.private_semaphore(key)
            self.assertEqual([m1.key, m2.key, s1.key, s2.key], [0] * 4)
            self.assertNotEqual(m1.shmid, m2.shmid)
            self.assertNotEqual(s1.semid, s2.semid)
            self.fails(KeyError, (key,), shm.getshmid, key)
            self.fails(KeyError, (key,), shm.getsemid, key)
            self.assertEqual((shm.memory_haskey(key), shm.semaphore_haskey(key)), (0, 0))

        self.each(table.PRIVATE_KEYS, check)

    def test_families_have_their_own_keys_L1_1(self):
        m = self.memory()
        self.assertEqual((shm.memory_haskey(m.key), shm.semaphore_haskey(m.key)), (1, 0))
        s = shm.create_semaphore(m.key)
        self.addCleanup(world.remove_semaphore, s.semid)
        self.assertEqual((m.key, shm.semaphore_haskey(m.key)), (s.key, 1))
        shm.remove_memory(m.shmid)
        self.assertEqual((shm.memory_haskey(s.key), shm.semaphore_haskey(s.key)), (0, 1))


class Types(world.Case):
    """L1.7, Q22: types of results."""

    def test_types_L1_7(self):
        c = world.Context(self)
        kinds = {'int': int, 'long': int if PY3 else table.long}
        self.each(table.RESULT_TYPES,
                  lambda rule, get, kind: self.assertIs(type(get(c)), kinds[kind]))

    def test_results_that_are_none(self):
        c = world.Context(self)
        m, s = c.m, c.s
        for value in (m.attach(), m.write('x'), m.setperm(0o666), m.setuid(m.uid),
                      m.setgid(m.gid), m.detach(), m.detach(), s.P(), s.Z(), s.V(),
                      s.setblocking(1), s.setundo(1), s.setval(1), s.setperm(0o666),
                      s.setuid(s.uid), s.setgid(s.gid), shm.remove_memory(m.shmid),
                      shm.remove_semaphore(s.semid)):
            self.assertIsNone(value)


class Module(world.Case):
    """Section 2.1 and what is new."""

    def test_constants_L2_1(self):
        def check(rule, name, value):
            self.assertEqual(getattr(shm, name), value)
            self.assertIs(type(getattr(shm, name)), int)

        self.each(table.CONSTANTS, check)

    def test_absent_L2_1_1(self):
        for name in ('SEM_A', 'SEM_R', '__version__', '__all__'):
            self.assertFalse(hasattr(shm, name), name)

    def test_doc_L2_1(self):
        self.assertEqual(shm.__doc__, 'Interface to System V shared memory IPC')

    def test_name(self):
        self.assertEqual(shm.__name__, 'shm')

    def test_star_L2_1_1(self):
        names = {}
        exec('from shm import *', names)
        names.pop('__builtins__')
        self.assertEqual(sorted(names), table.EXPORTED)

    def test_version_and_backend(self):
        self.assertTrue(re.match(r'\d+\.\d+\.\d+$', shm.version()), shm.version())
        self.assertIn(shm.backend(), ('sysv', 'posix'))
        self.assertIs(type(shm.backend()), str)
        self.assertIs(type(shm.version()), str)
        self.fails(TypeError, None, shm.version, 1)
        self.fails(TypeError, None, shm.backend, 1)

    def test_options(self):
        default = {'plain_bytes': False, 'eintr': not PY3}
        self.assertEqual(shm.options(), default)
        self.assertEqual(shm.options(plain_bytes=True), default)
        self.assertEqual(shm.options(eintr=PY3), dict(default, plain_bytes=True))
        both = {'plain_bytes': True, 'eintr': PY3}
        self.assertEqual(shm.options(), both)
        self.assertEqual(shm.options(None, None), both)
        self.assertEqual(shm.options(**default), both)
        self.assertEqual(shm.options(), default)
        self.fails(TypeError, None, shm.options, nonsense=1)

    def test_options_gives_a_new_dict(self):
        shm.options()['plain_bytes'] = 'changed'
        self.assertEqual(shm.options()['plain_bytes'], False)


class CreateMemory(world.Case):
    """L2.2.2 to L2.2.9."""

    def test_detached_and_as_asked_L2_2_2(self):
        key = self.key()
        m = shm.create_memory(key, 5000)
        self.assertEqual((m.key, m.size, m.attached, m.addr, m.nattch, m.perm),
                         (key, 5000, 0, None, 0, 0o666))
        self.assertEqual((m.cpid, m.lpid, m.uid, m.cuid, m.gid, m.cgid),
                         (os.getpid(), 0, os.geteuid(), os.geteuid(), os.getegid(), os.getegid()))
        self.assertEqual(shm.getshmid(key), m.shmid)

    def test_exclusive_L2_2_3(self):
        m = self.attached(10)
        m.write('untouched!')
        for size in (10, 5, 1000):
            self.error(table.EEXIST, shm.create_memory, m.key, size)
        self.assertEqual(m.read(10), b'untouched!')

    def test_size_L2_2_4(self):
        key = self.key()
        for size in (0, -1, -2 ** 31, -2 ** 63):
            self.error(table.EINVAL, shm.create_memory, key, size)
            self.error(table.EINVAL, shm.create_memory, 0, size)
        self.assertEqual(shm.memory_haskey(key), 0)
        self.assertEqual(shm.create_memory(key, 1).size, 1)

    def test_largest_int_L2_2_4(self):
        self._create_big(2 ** 31 - 1)

    def _create_big(self, size):
        key = self.key()
        try:
            m = shm.create_memory(key, size)
        except shm.error as e:
            if e.errno in (12, 28):
                self.skipTest('no room for %d bytes here' % size)
            raise
        self.assertEqual(m.size, size)

    def test_above_int_Q12(self):
        self._create_big(2 ** 31)

    def test_permissions_Q25(self):
        for perm in (0o400, 0o444, 0o600, 0o640, 0o777) + world.UNREADABLE:
            self.assertEqual(self.memory(10, perm).perm, perm)
        key = self.key()
        for perm in (0o1000, 0o1666, 0o2666, 0o4666, 0o10666, -1, -2 ** 31, 2 ** 31 - 1):
            self.error(table.EINVAL, shm.create_memory, key, 10, perm)
        self.assertEqual(shm.memory_haskey(key), 0)

    def test_umask_L2_2_5(self):
        key = self.key()

        def create():
            os.umask(0o777)
            return shm.create_memory(key, 10).perm

        self.assertEqual(self.forked(create), 0o666)
        self.assertEqual(shm.memory(shm.getshmid(key)).perm, 0o666)

    @world.needs_sysv
    def test_too_many_L2_2_7(self):
        code = '''
open('/proc/sys/kernel/shmmni', 'w').write('1')
first = shm.create_memory(5, 10)
report(errors(shm.create_memory, 6, 10) + errors(shm.create_memory, 0, 10))
shm.remove_memory(first.shmid)
'''
        found, left = self.alone(code)
        self.assertEqual(found, ['error', list(table.ENOSPC)] * 2)
        self.assertEqual(left, [])

    @world.needs_root
    def test_unreadable_for_its_creator_L2_2_8_Q9(self):
        keys = [self.key() for _ in range(3)]

        def create():
            found = []
            for key, perm in zip(keys, (0, 0o200, 0o066)):
                try:
                    shm.create_memory(key, 10, perm)
                except shm.error as e:
                    found.append(e.args)
            return found, [shm.memory_haskey(key) for key in keys]

        self.assertEqual(self.as_nobody(create), ([(table.MEMORY_GONE,)] * 3, [0] * 3))

    def test_zero_bytes_L2_2_9(self):
        m = self.attached(3 * PAGE + 1)
        self.assertEqual(m.read(3 * PAGE + 1), b'\0' * (3 * PAGE + 1))


class CreateSemaphore(world.Case):
    """L2.2.10 to L2.2.12."""

    def test_defaults_L2_2_10(self):
        key = self.key()
        s = shm.create_semaphore(key)
        self.assertEqual((s.key, s.val, s.perm, s.blocking, s.undo, s.ncnt, s.zcnt),
                         (key, 1, 0o666, 1, 0, 0, 0))
        self.assertEqual((s.uid, s.gid, s.cuid, s.cgid),
                         (os.geteuid(), os.getegid(), os.geteuid(), os.getegid()))
        self.assertEqual(shm.getsemid(key), s.semid)

    def test_values_L2_2_12(self):
        for value in (0, 1, 32767):
            self.assertEqual(self.semaphore(value).val, value)
        self.assertEqual(self.semaphore(5, 0o640).perm, 0o640)

    def test_value_out_of_range_L2_2_12_Q9(self):
        key = self.key()
        for value in (-1, 32768, 2 ** 31 - 1, -2 ** 31):
            self.error(table.ERANGE, shm.create_semaphore, key, value)
            self.assertEqual(shm.semaphore_haskey(key), 0)

    def test_exclusive_L2_2_11(self):
        s = self.semaphore(4)
        self.error(table.EEXIST, shm.create_semaphore, s.key)
        self.error(table.EEXIST, shm.create_semaphore, s.key, 9, 0o600)
        self.assertEqual(s.val, 4)

    @world.needs_sysv
    def test_too_many_L2_2_11(self):
        code = '''
open('/proc/sys/kernel/sem', 'w').write('32000 1024000000 500 1')
first = shm.create_semaphore(5)
report(errors(shm.create_semaphore, 6) + errors(shm.create_semaphore, 0))
shm.remove_semaphore(first.semid)
'''
        found, left = self.alone(code)
        self.assertEqual(found, ['error', list(table.ENOSPC)] * 2)
        self.assertEqual(left, [])

    def test_permissions_Q25(self):
        key = self.key()
        for perm in (0o1000, 0o1666, -1):
            self.error(table.EINVAL, shm.create_semaphore, key, 1, perm)
        self.assertEqual(shm.semaphore_haskey(key), 0)


class LookUp(world.Case):
    """L2.2.13 to L2.2.22."""

    def test_unknown_key_L2_2_14(self):
        key = self.key()
        for given in (key, key + 2 ** 32, key - 2 ** 32, key + 2 ** 40):
            self.fails(KeyError, (given,), shm.getshmid, given)
            self.fails(KeyError, (given,), shm.getsemid, given)
        self.fails(KeyError, (0,), shm.getshmid, 0)
        self.fails(KeyError, (0,), shm.getsemid, 0)

    @world.needs_root
    def test_without_permission_L2_2_15_L2_2_17(self):
        for perm in (0o600, 0):
            m, s = self.memory(10, perm), self.semaphore(1, perm)
            keys = m.key, s.key

            def look():
                return (shm.getshmid(keys[0]), shm.getsemid(keys[1]),
                        shm.memory_haskey(keys[0]), shm.semaphore_haskey(keys[1]))

            self.assertEqual(self.as_nobody(look), (m.shmid, s.semid, 1, 1))

    @world.needs_sysv
    def test_set_with_several_members_L2_2_16_L4_8(self):
        libc = ctypes.CDLL(None, use_errno=True)
        key = self.key()
        semid = libc.semget(ctypes.c_int(key - 2 ** 32 if key >= 2 ** 31 else key), 3, 0o1600)
        self.assertGreaterEqual(semid, 0)
        self.assertEqual(shm.getsemid(key), semid)
        s = shm.semaphore(semid)
        s.setval(7)
        self.assertEqual(s.val, 7)
        self.assertEqual([libc.semctl(semid, n, 12) for n in (0, 1, 2)], [7, 0, 0])
        s.P()
        self.assertEqual(s.val, 6)

    def test_haskey_L2_2_17(self):
        key = self.key()
        self.assertEqual((shm.memory_haskey(key), shm.semaphore_haskey(key)), (0, 0))
        m = shm.create_memory(key, 10)
        self.assertEqual((shm.memory_haskey(key), shm.semaphore_haskey(key)), (1, 0))
        shm.remove_memory(m.shmid)
        self.assertEqual((shm.memory_haskey(key), shm.semaphore_haskey(key)), (0, 0))

    def test_unknown_ids_L2_2_19(self):
        m, s = self.memory(), self.semaphore()
        ids = m.shmid, s.semid
        shm.remove_memory(ids[0])
        shm.remove_semaphore(ids[1])
        for unknown in (ids[0], -1, -2 ** 31):
            self.error(table.MEMORY_GONE, shm.memory, unknown)
        for unknown in (ids[1], -1, -2 ** 31):
            self.error(table.SEMAPHORE_GONE, shm.semaphore, unknown)

    @world.needs_root
    def test_unreadable_ids_L2_2_19(self):
        ids = self.segment(10, 0o600), self.semaphore(1, 0o600).semid
        self.assertEqual(self.as_nobody(lambda: (
            self.error(table.MEMORY_GONE, shm.memory, ids[0]).errno,
            self.error(table.SEMAPHORE_GONE, shm.semaphore, ids[1]).errno)), (None, None))

    def test_identity_L2_2_20(self):
        m, s = self.memory(), self.semaphore()
        self.assertIs(shm.memory(m.shmid), m)
        self.assertIs(shm.semaphore(s.semid), s)
        self.assertIs(shm.memory(shm.getshmid(m.key)), shm.memory(m.shmid))
        shm.memory(m.shmid).attach()
        shm.semaphore(s.semid).setblocking(0)
        shm.semaphore(s.semid).setundo(1)
        self.assertEqual((m.attached, s.blocking, s.undo), (1, 0, 1))

    def test_cache_holds_no_reference_L2_2_20(self):
        shmid, semid = self.segment(), self.semaphore().semid

        def use():
            m, s = shm.memory(shmid), shm.semaphore(semid)
            m.attach()
            s.setblocking(0)
            s.setundo(1)
            del m, s
            gc.collect()
            m, s = shm.memory(shmid), shm.semaphore(semid)
            return m.attached, m.addr, s.blocking, s.undo

        self.assertEqual(self.forked(use), (0, None, 1, 0))

    def test_id_zero_L2_2_22(self):
        if BACKEND == 'posix':
            return self._no_object_zero()
        code = '''
m, s = shm.create_memory(5, 10), shm.create_semaphore(5, 3)
report([m.shmid, s.semid, shm.memory(0) is m, shm.semaphore(0) is s, shm.getshmid(5),
        repr(shm.remove_memory(0)), repr(shm.remove_semaphore(0))])
'''
        found, left = self.alone(code)
        self.assertEqual(found, [0, 0, True, True, 0, 'None', 'None'])
        self.assertEqual(left, [])

    def _no_object_zero(self):
        """Ids are random there: nothing has the id 0, and that is said as of every other id."""
        self.error(table.MEMORY_GONE, shm.memory, 0)
        self.error(table.EINVAL, shm.remove_memory, 0)


class Remove(world.Case):
    """L2.2.23 to L2.2.25."""

    def test_unknown_L2_2_24(self):
        m, s = self.memory(), self.semaphore()
        shmid, semid = m.shmid, s.semid
        shm.remove_memory(shmid)
        shm.remove_semaphore(semid)
        for unknown in (shmid, -1):
            self.error(table.EINVAL, shm.remove_memory, unknown)
        for unknown in (semid, -1):
            self.error(table.EINVAL, shm.remove_semaphore, unknown)

    @world.needs_root
    def test_of_others_L2_2_24(self):
        m, s = self.memory(), self.semaphore()
        ids = m.shmid, s.semid
        self.as_nobody(lambda: (self.error(table.EPERM, shm.remove_memory, ids[0]),
                                self.error(table.EPERM, shm.remove_semaphore, ids[1]), None)[2])
        self.assertEqual((m.size, s.val), (100, 1))

    def test_attached_L2_2_25(self):
        m = self.attached(10)
        key, shmid, addr = m.key, m.shmid, m.addr
        m.write('still here')
        self.assertIsNone(shm.remove_memory(shmid))
        self.assertIsNone(shm.remove_memory(shmid))
        self.assertEqual(shm.memory_haskey(key), 0)
        self.fails(KeyError, (key,), shm.getshmid, key)
        other = shm.create_memory(key, 20)
        self.assertNotEqual(other.shmid, shmid)
        self.assertEqual(ctypes.string_at(addr, 10), b'still here')
        self.assertEqual(shm.memory(shmid).key, 0)
        m.detach()
        self.error(table.EINVAL, shm.remove_memory, shmid)
        self.assertEqual(shm.getshmid(key), other.shmid)


class Ftok(world.Case):
    """L2.2.26 to L2.2.29, Q24."""

    def test_value_L2_2_26_L2_2_28(self):
        found = os.stat('/')
        for number in (0, 1, 65, 127, 128, 255):
            key = number << 24 | (found.st_dev & 0xff) << 16 | (found.st_ino & 0xffff)
            self.assertEqual(shm.ftok('/', number), key - 2 ** 32 if number > 127 else key)

    def test_negative_is_a_key_L2_2_28(self):
        with tempfile.NamedTemporaryFile() as file:
            key = shm.ftok(file.name, 200)
            self.assertLess(key, 0)
            if not shm.memory_haskey(key):
                m = shm.create_memory(key, 10)
                self.addCleanup(world.remove_memory, m.shmid)
                self.assertEqual(m.key, key + 2 ** 32)
                self.assertEqual(shm.getshmid(key), m.shmid)

    def test_unicode_path_L2_2_27(self):
        self.assertEqual(shm.ftok(u'/', 5), shm.ftok('/', 5))

    def test_letter_L2_2_27(self):
        self.fails(TypeError, None, shm.ftok, '/', 'a')

    def test_path_of_other_types_L2_2_27(self):
        for path in (None, 5, ['/']):
            self.fails(TypeError, None, shm.ftok, path, 1)

    def test_missing_Q24(self):
        self.error(table.ENOENT, shm.ftok, '/nonexistent/file', 1)


class Opaque(world.Case):
    """L3.1, L4.1: what the objects of both types are not."""

    def setUp(self):
        super(Opaque, self).setUp()
        self.pairs = [(self.memory(), 'shared memory'), (self.semaphore(), 'semaphore')]

    def test_type_name_L3_1(self):
        self.each(self.pairs, lambda o, name: self.assertEqual(type(o).__name__, name))

    def test_no_constructor_L3_1(self):
        def check(o, name):
            self.fails(TypeError, None, type(o))
            self.fails(TypeError, None, type(o), 1)
            self.fails(TypeError, None, object.__new__, type(o))

        self.each(self.pairs, check)

    def test_no_subclass_L3_1(self):
        self.each(self.pairs, lambda o, name: self.fails(
            TypeError, None, type, 'Sub', (type(o),), {}))

    def test_no_pickle_L3_1(self):
        def check(o, name):
            for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
                with self.assertRaises((TypeError, pickle.PicklingError)):
                    pickle.dumps(o, protocol)

        self.each(self.pairs, check)

    def test_no_copy_L3_1(self):
        def check(o, name):
            for make in (copy.copy, copy.deepcopy):
                with self.assertRaises((TypeError, copy.Error)):
                    make(o)

        self.each(self.pairs, check)

    def test_no_container_L3_1_Q21(self):
        def check(o, name):
            for call in (weakref.ref, len, iter, memoryview, bytearray, int, lambda x: x[0],
                         lambda x: x[:1], lambda x: 1 in x):
                with self.assertRaises((TypeError, AttributeError)):
                    call(o)
            for slot in ('__len__', '__bool__', '__nonzero__', '__getitem__', '__iter__'):
                self.assertFalse(hasattr(o, slot), slot)

        self.each(self.pairs, check)

    @unittest.skipIf(PY3, 'buffer is a word of Python 2')
    def test_no_buffer_L3_1(self):
        self.each(self.pairs, lambda o, name: self.fails(TypeError, None, buffer, o))  # noqa: F821

    def test_identity_L3_1(self):
        def check(o, name):
            self.assertTrue(o == o)
            self.assertFalse(o != o)
            self.assertFalse(o == None)  # noqa: E711
            self.assertTrue(o != None)  # noqa: E711
            self.assertEqual(hash(o), hash(o))
            self.assertEqual({o: 1}[o], 1)

        self.each(self.pairs, check)
        self.assertFalse(self.memory() == self.memory())
        self.assertFalse(self.semaphore() == self.semaphore())

    def test_true_L3_1_Q21(self):
        memory, semaphore = self.pairs[0][0], self.pairs[1][0]
        self.assertTrue(memory and semaphore)
        shm.remove_memory(memory.shmid)
        shm.remove_semaphore(semaphore.semid)
        self.assertTrue(memory)
        self.assertTrue(semaphore)

    def test_nothing_can_be_set_L3_1(self):
        rows = [(o, name, member) for o, name in self.pairs
                for member in ('key', 'perm', 'uid', 'unknown', '_x')]

        def check(o, name, member):
            text = ("'%s' object has no attribute '%s'" % (name, member),)
            self.fails(AttributeError, text, setattr, o, member, 5)
            self.fails(AttributeError, text, delattr, o, member)

        self.each(rows, check)

    def test_unknown_attribute_L3_2_1_L4_2(self):
        self.each(self.pairs, lambda o, name: self.fails(
            AttributeError, ('unknown',), getattr, o, 'unknown'))
        self.each(self.pairs, lambda o, name: self.assertFalse(hasattr(o, 'unknown')))

    def test_dir_L3_1(self):
        memory, semaphore = [[n for n in dir(o) if not n.startswith('_')] for o, _ in self.pairs]
        self.assertEqual(memory, sorted(table.MEMORY_MEMBERS + table.MEMORY_METHODS))
        self.assertEqual(semaphore, sorted(
            table.SEMAPHORE_MEMBERS + table.SEMAPHORE_NEW_MEMBERS + table.SEMAPHORE_METHODS))

    def test_no_type_is_exported_L2_1_1(self):
        self.assertEqual([n for n in dir(shm) if n[0] != '_' and isinstance(getattr(shm, n), type)
                          and n != 'error'], [])


class StatusCheck(world.Case):
    """Section 3.1: every access verifies the object."""

    def _dead(self, m):
        """Every access to m fails, with the text of L3.1.1."""
        accesses = [lambda n=n: getattr(m, n) for n in table.MEMORY_MEMBERS]
        accesses += [lambda: m.read(1), lambda: m.read(0), lambda: m.write('x'), m.attach,
                     lambda: m.attach(0, shm.SHM_RDONLY), lambda: m.setperm(0o600),
                     lambda: m.setuid(0), lambda: m.setgid(0), lambda: repr(m), lambda: str(m),
                     lambda: getattr(m, 'unknown')]
        self.each([(a,) for a in accesses], lambda a: self.error(table.MEMORY_GONE, a))

    def test_removed_L3_1_2_Q13(self):
        m = self.memory()
        shm.remove_memory(m.shmid)
        self._dead(m)

    def test_removed_while_attached_L3_1_2_Q13(self):
        m = self.attached()
        shm.remove_memory(m.shmid)
        self._dead(m)

    @world.needs_python3
    def test_hasattr_raises_L3_1_2(self):
        m, s = self.memory(), self.semaphore()
        shm.remove_memory(m.shmid)
        shm.remove_semaphore(s.semid)
        self.error(table.MEMORY_GONE, hasattr, m, 'unknown')
        self.error(table.SEMAPHORE_GONE, hasattr, s, 'unknown')

    def test_methods_are_found_L3_1_2(self):
        m, s = self.memory(), self.semaphore()
        shm.remove_memory(m.shmid)
        shm.remove_semaphore(s.semid)
        for name in table.MEMORY_METHODS:
            self.assertTrue(callable(getattr(m, name)))
        for name in table.SEMAPHORE_METHODS:
            self.assertTrue(callable(getattr(s, name)))

    def test_detach_of_detached_L3_1_2(self):
        m = self.memory()
        shm.remove_memory(m.shmid)
        self.assertIsNone(m.detach())

    def test_made_anew_under_the_key_L3_1_3(self):
        for attach in (False, True):
            m = self.memory()
            if attach:
                m.attach()
            key = m.key
            shm.remove_memory(m.shmid)
            other = shm.create_memory(key, 100)
            self._dead(m)
            self.assertIsNot(other, m)
            self.assertEqual(other.key, key)
            m.detach()

    def test_private_stays_usable_L3_1_4(self):
        m = self.private_memory()
        m.attach()
        shm.remove_memory(m.shmid)
        m.write('works', 3)
        self.assertEqual(m.read(5, 3), b'works')
        self.assertEqual((m.key, m.size, m.nattch), (0, 100, 1))
        self.assertIn('attached R/W', repr(m))
        m.detach()
        self._dead(m)

    def test_private_detached_is_dead_L3_1_4(self):
        m = self.private_memory()
        shm.remove_memory(m.shmid)
        self._dead(m)

    def test_revival_L3_1_5_Q16(self):
        m = self.attached()
        shmid = m.shmid
        m.write('data')
        shm.remove_memory(shmid)
        self._dead(m)
        self.assertIs(shm.memory(shmid), m)
        self.assertEqual((m.key, m.shmid, m.read(4)), (0, shmid, b'data'))
        m.detach()
        self._dead(m)
        self.error(table.MEMORY_GONE, shm.memory, shmid)

    @world.needs_root
    def test_without_read_permission_L3_1_7(self):
        m = self.attached(10, 0o600)

        def look():
            self._dead(m)
            return True

        self.assertTrue(self.as_nobody(look))
        self.assertEqual(m.size, 10)


class Members(world.Case):
    """Section 3.2."""

    def test_live_values_L3_2_1(self):
        m = self.memory(123, 0o640)
        self.assertEqual((m.size, m.perm, m.attached, m.addr, m.nattch), (123, 0o640, 0, None, 0))
        m.attach()
        self.assertEqual((m.attached, m.nattch, m.lpid), (1, 1, os.getpid()))
        self.assertEqual(m.addr % PAGE, 0)
        self.assertNotEqual(m.addr, 0)
        m.detach()
        self.assertEqual((m.attached, m.nattch, m.addr), (0, 0, None))

    def test_others_are_seen_L3_2_1(self):
        m = self.memory()
        shmid = m.shmid
        gate = self.semaphore(0)

        def attach():
            other = shm.memory(shmid)
            other.attach()
            other.setperm(0o604)
            gate.P()

        child = self.child(attach)
        self.until(lambda: gate.ncnt == 1)
        self.assertEqual((m.nattch, m.lpid, m.perm, m.attached), (1, child.pid, 0o604, 0))
        self.assertEqual(m.cpid, os.getpid())
        gate.V()
        child.result()
        self.until(lambda: m.nattch == 0)

    def test_address_is_where_the_bytes_are_L3_2_1_L9_3(self):
        m = self.attached()
        ctypes.memset(m.addr + 16, 65, 4)
        self.assertEqual(m.read(4, 16), b'AAAA')
        m.write('xyz', 20)
        self.assertEqual(ctypes.string_at(m.addr + 20, 3), b'xyz')


class Attach(world.Case):
    """L3.3.1 to L3.3.7."""

    def _free_address(self, m):
        m.attach()
        address = m.addr
        m.detach()
        return address

    def test_again_is_nothing_L3_3_2(self):
        m = self.attached()
        address = m.addr
        m.attach()
        m.attach(0, 0)
        m.attach(address)
        m.attach(address, 0)
        self.assertEqual((m.addr, m.nattch), (address, 1))

    def test_other_mode_moves_L3_3_3_L3_3_5(self):
        m = self.attached()
        m.write('bytes')
        first = m.addr
        m.attach(0, shm.SHM_RDONLY)
        second = m.addr
        self.assertNotEqual(first, second)
        self.assertEqual((m.nattch, m.attached, m.read(5)), (1, 1, b'bytes'))
        self.error(table.READ_ONLY, m.write, 'x')
        m.attach(0, shm.SHM_RDONLY)
        self.assertEqual(m.addr, second)
        m.attach()
        self.assertNotEqual(m.addr, second)
        m.write('BYTES')
        self.assertEqual((m.nattch, m.read(5)), (1, b'BYTES'))

    def test_at_an_address_L3_3_1_L3_3_3(self):
        m = self.memory(1 << 22)
        address = self._free_address(m)
        m.attach(address)
        self.assertEqual(m.addr, address)
        m.write('here')
        self.assertEqual(ctypes.string_at(address, 4), b'here')

    def test_moves_to_an_address_L3_3_3(self):
        m, other = self.memory(1 << 22), self.memory(1 << 22)
        address = self._free_address(other)
        m.attach()
        if m.addr == address:
            self.skipTest('the system gives that address itself')
        m.attach(address)
        self.assertEqual((m.addr, m.nattch), (address, 1))

    def test_rounds_L3_3_4(self):
        m = self.memory(1 << 22)
        address = self._free_address(m)
        m.attach(address + 123, shm.SHM_RND)
        self.assertEqual(m.addr, address)

    def test_unaligned_L3_3_6(self):
        m = self.memory()
        self.error(table.EINVAL, m.attach, PAGE * 1000 + 1)
        self.assertEqual((m.attached, m.addr, m.nattch), (0, None, 0))

    def test_occupied_L3_3_6_L3_3_3(self):
        m, other = self.attached(), self.attached()
        m.write('kept')
        address = m.addr
        self.error(table.EINVAL, m.attach, other.addr)
        self.error(table.EINVAL, m.attach, address + 1)
        self.assertEqual((m.addr, m.attached, m.nattch, m.read(4)), (address, 1, 1, b'kept'))

    @world.needs_root
    def test_permission_L3_3_6(self):
        keys = self.foreign_memory(10, 0o644), self.foreign_memory(10, 0o600)

        def attach():
            m = shm.memory(shm.getshmid(keys[0]))
            self.error(table.EACCES, m.attach)
            m.attach(0, shm.SHM_RDONLY)
            found = m.attached, m.read(3)
            self.error(table.EACCES, m.attach)
            self.error(table.READ_ONLY, m.write, 'x')
            return found + (m.attached,)

        self.assertEqual(self.as_nobody(attach), (1, b'\0\0\0', 1))

    def test_readonly_argument(self):
        m = self.memory()
        m.attach(readonly=True)
        self.assertIn('attached RO', repr(m))
        self.error(table.READ_ONLY, m.write, 'x')
        address = m.addr
        m.attach(0, shm.SHM_RDONLY)
        m.attach(0, 0, readonly=True)
        self.assertEqual(m.addr, address)
        m.attach(readonly=False)
        m.write('x')
        self.assertEqual(m.read(1), b'x')

    def test_detach_L3_3_7(self):
        m = self.memory()
        self.assertIsNone(m.detach())
        m.attach()
        m.write('kept')
        self.assertIsNone(m.detach())
        self.assertIsNone(m.detach())
        self.assertEqual((m.attached, m.addr, m.nattch), (0, None, 0))
        m.attach()
        self.assertEqual(m.read(4), b'kept')

    def test_detach_unmaps_L3_3_7(self):
        m = self.memory(1 << 22)
        libc = ctypes.CDLL(None, use_errno=True)
        reader, writer = os.pipe()
        self.addCleanup(os.close, reader)
        self.addCleanup(os.close, writer)

        def readable(address):
            return libc.write(writer, ctypes.c_void_p(address), ctypes.c_size_t(1)) == 1

        m.attach()
        address = m.addr
        self.assertTrue(readable(address))
        m.detach()
        self.assertFalse(readable(address))
        self.assertEqual(ctypes.get_errno(), errno.EFAULT)

    def test_detach_after_removal_Q14(self):
        m = self.attached()
        shmid = m.shmid
        shm.remove_memory(shmid)
        self.assertIsNone(m.detach())
        self.error(table.MEMORY_GONE, shm.memory, shmid)


class ReadWrite(world.Case):
    """L3.3.8 to L3.3.17."""

    def test_read_limits_L3_3_10_Q11(self):
        m = self.attached(100)
        data = bytes(bytearray(range(100)))
        m.write(data)

        def check(rule, nbytes, offset, text):
            args = (nbytes,) if offset is None else (nbytes, offset)
            if text:
                return self.error(text, m.read, *args)
            self.assertEqual(m.read(*args), data[offset or 0:][:nbytes])

        self.each(table.READ_LIMIT_ROWS, check)

    def test_write_limits_L3_3_15_Q11(self):
        m = self.attached(100)

        def check(rule, nbytes, offset, text):
            args = (b'x' * nbytes,) if offset is None else (b'x' * nbytes, offset)
            m.write(b'.' * 100)
            if text:
                self.error(text, m.write, *args)
                self.assertEqual(m.read(100), b'.' * 100)
            else:
                m.write(*args)
                at = offset or 0
                self.assertEqual(m.read(100),
                                 b'.' * at + b'x' * nbytes + b'.' * (100 - at - nbytes))

        self.each(table.WRITE_LIMIT_ROWS, check)

    def test_nothing_outside_is_touched_Q11(self):
        m = self.attached(100)
        self.error(table.WRITE_LIMITS, m.write, 'x' * 8, 96)
        self.error(table.WRITE_LIMIT, m.write, 'x' * 101)
        self.assertEqual(ctypes.string_at(m.addr, PAGE), b'\0' * PAGE)

    def test_detached_L3_3_9_L3_3_15(self):
        m = self.memory()
        self.error(table.DETACHED, m.read, 1)
        self.error(table.DETACHED, m.read, 0)
        self.error(table.DETACHED, m.read, 101)
        self.error(table.DETACHED, m.write, 'x')
        self.error(table.DETACHED, m.write, '')
        self.error(table.DETACHED, m.write, 'x' * 101)

    def test_read_only_L3_3_15(self):
        m = self.memory()
        m.attach(0, shm.SHM_RDONLY)
        self.error(table.READ_ONLY, m.write, 'x')
        self.error(table.READ_ONLY, m.write, '')
        self.error(table.READ_ONLY, m.write, 'x' * 101)
        self.assertEqual(m.read(1), b'\0')

    def test_read_is_a_copy_L3_3_12(self):
        m = self.attached()
        m.write('before')
        data = m.read(6)
        m.write('after!')
        self.assertEqual(data, b'before')
        shm.remove_memory(m.shmid)
        m.detach()
        self.assertEqual(data, b'before')

    def test_writable_L3_3_14_Q36(self):
        m = self.attached(8192)

        def check(rule, name, data, stored):
            m.write(b'.' * 8192)
            self.assertIsNone(m.write(data(), 10))
            size = len(stored())
            self.assertEqual(m.read(size + 20),
                             b'.' * 10 + stored() + b'.' * 10)

        self.each(table.WRITABLE, check)

    def test_not_writable_L3_3_14(self):
        m = self.attached()

        def check(rule, data, name):
            self.fails(TypeError, (table.NOT_WRITABLE_TEXT + name,), m.write, data)

        self.each(table.NOT_WRITABLE, check)
        self.assertEqual(m.read(100), b'\0' * 100)

    @world.needs_python3
    def test_not_contiguous_L3_3_14_Q36(self):
        m = self.attached()
        with self.assertRaises(TypeError):
            m.write(memoryview(b'abcdef')[::2])
        self.assertEqual(m.read(6), b'\0' * 6)

    @world.needs_numpy
    def test_numpy_arrays_L3_3_14(self):
        m = self.attached(400)
        n = world.numpy
        a = n.arange(20, dtype='i4').reshape(4, 5)
        m.write(a, 8)
        self.assertEqual(n.frombuffer(m.read(80, 8), 'i4').tolist(), list(range(20)))
        with self.assertRaises(TypeError):
            m.write(a[:, ::2])
        m.write(n.float64(1.5))
        self.assertEqual(n.frombuffer(m.read(8), 'f8')[0], 1.5)

    def test_what_was_read_can_be_written(self):
        m = self.attached()
        m.write('abc')
        m.write(m.read(3), 3)
        self.assertEqual(m.read(6), b'abcabc')

    def test_bytes_beyond_are_untouched_L3_3_17(self):
        m = self.attached(10)
        m.write('0123456789')
        m.write('xy', 4)
        self.assertEqual(m.read(10), b'0123xy6789')

    def test_another_process_sees_it(self):
        m = self.attached()
        shmid = m.shmid
        m.write('ping')

        def answer():
            other = shm.memory(shmid)
            found = bytes(other.read(4))
            other.write('pong')
            return found

        self.assertEqual(self.forked(answer), b'ping')
        self.assertEqual(m.read(4), b'pong')


class Setters(world.Case):
    """L3.3.18 to L3.3.20, Q10; the same for semaphores (L4.2)."""

    def test_setperm_Q10(self):
        for o in (self.memory(), self.semaphore()):
            for perm, result in ((0o600, 0o600), (0o600, 0o600), (0o666, 0o666), (0o444, 0o444),
                                 (0o777, 0o777), (0o640, 0o640), (0o1640, 0o640),
                                 (0o177600, 0o600), (-1, 0o777), (2 ** 40 + 0o600, 0o600)):
                o.setperm(perm)
                self.assertEqual(o.perm, result)
            for perm in world.UNREADABLE:
                o.setperm(perm)
                self.assertEqual(o.perm, perm)

    @world.needs_root
    def test_setuid_setgid_L3_3_19(self):
        for o in (self.memory(), self.semaphore()):
            o.setuid(1234)
            o.setgid(2345)
            self.assertEqual((o.uid, o.gid, o.cuid, o.cgid),
                             (1234, 2345, os.geteuid(), os.getegid()))
            o.setuid(2 ** 32 + 7)
            o.setgid(2 ** 32 + 8)
            self.assertEqual((o.uid, o.gid), (7, 8))

    def test_minus_one_L3_3_19(self):
        for o in (self.memory(), self.semaphore()):
            for value in (-1, 2 ** 32 - 1):
                self.error(table.EINVAL, o.setuid, value)
                self.error(table.EINVAL, o.setgid, value)
            self.assertEqual((o.uid, o.gid), (os.geteuid(), os.getegid()))

    @world.needs_root
    def test_of_others_L3_3_19(self):
        keys = self.foreign_memory(), self.foreign_semaphore()

        def change():
            for o in (shm.memory(shm.getshmid(keys[0])), shm.semaphore(shm.getsemid(keys[1]))):
                self.error(table.EPERM, o.setperm, 0o600)
                self.error(table.EPERM, o.setuid, NOBODY)
                self.error(table.EPERM, o.setgid, NOBODY)
            return o.perm

        self.assertEqual(self.as_nobody(change), 0o666)


class Texts(world.Case):
    """L3.4.1, Q23 and L5.2."""

    def test_repr_L3_4_1_Q23(self):
        m = self.memory(321)
        for text in (repr, str):
            m.detach()
            self.assertEqual(text(m), '<detached shared memory object, id=%d, size=321, addr=None>'
                             % m.shmid)
            m.attach()
            self.assertEqual(
                text(m), '<attached R/W shared memory object, id=%d, size=321, addr=0x%x>'
                % (m.shmid, m.addr))
            m.attach(0, shm.SHM_RDONLY)
            self.assertEqual(
                text(m), '<attached RO shared memory object, id=%d, size=321, addr=0x%x>'
                % (m.shmid, m.addr))

    def test_messages_L5_2(self):
        c = world.Context(self).add_failing(self)

        def check(rule, text, call):
            e = self.error(text, call, c)
            self.assertEqual((str(e), e.errno), (text, None))

        self.each(table.MESSAGES, check)


class LifeTime(world.Case):
    """L3.5.1, Q20."""

    def test_dropping_does_not_detach_L3_5_1_Q20(self):
        shmid = self.segment()

        def drop():
            m = shm.memory(shmid)
            m.attach()
            m.write('kept')
            address = m.addr
            del m
            gc.collect()
            again = shm.memory(shmid)
            found = [again.attached, again.nattch, ctypes.string_at(address, 4)]
            again.attach()
            found += [again.nattch, again.addr != address]
            return found

        self.assertEqual(self.forked(drop), [0, 1, b'kept', 2, True])
        self.until(lambda: shm.memory(shmid).nattch == 0)

    def test_nothing_is_removed_L3_5_1_L6_2(self):
        keys = self.key(), self.key()

        def create():
            shm.create_memory(keys[0], 10).attach()
            shm.create_semaphore(keys[1], 7)

        self.forked(create)
        gc.collect()
        self.assertEqual(shm.memory(shm.getshmid(keys[0])).size, 10)
        self.assertEqual(shm.semaphore(shm.getsemid(keys[1])).val, 7)

    def test_at_a_regular_exit_L6_2(self):
        key = self.key()
        status, out, err = self.program(
            'import shm, sys; k = int(sys.argv[1]); m = shm.create_memory(k, 10); m.attach();'
            'm.write("left"); shm.create_semaphore(k, 5)', key)
        self.assertEqual((status, out, err), (0, '', ''))
        m = self.held(shm.memory(shm.getshmid(key)))
        m.attach(readonly=True)
        self.assertEqual((m.read(4), shm.semaphore(shm.getsemid(key)).val), (b'left', 5))


class Errors(world.Case):
    """Section 5 with Q4 to Q6: shm.error is an exception class."""

    def setUp(self):
        super(Errors, self).setUp()
        self.number = self.error(table.EINVAL, shm.remove_memory, -1)
        self.text = self.error(table.MEMORY_GONE, shm.memory, -1)

    def test_class_Q4_Q5(self):
        self.assertIs(type(shm.error), type)
        self.assertTrue(issubclass(shm.error, Exception))
        self.assertFalse(issubclass(shm.error, (KeyError, AttributeError, ValueError, TypeError)))
        self.assertEqual((shm.error.__module__, shm.error.__name__), ('shm', 'error'))

    def test_args_Q4(self):
        self.assertEqual(self.number.args, (22, 'Invalid argument'))
        self.assertEqual(self.text.args, ("can't access shared memory segment",))
        self.assertEqual((type(self.number.args), type(self.text.args)), (tuple, tuple))

    def test_index_Q4(self):
        self.assertEqual((self.number[0], self.number[1]), (22, 'Invalid argument'))
        self.assertEqual((self.number[-1], self.text[0]), ('Invalid argument', table.MEMORY_GONE))
        self.fails(IndexError, None, lambda: self.number[2])
        self.fails(IndexError, None, lambda: self.text[1])

    def test_unpack_Q4(self):
        code, text = self.number
        self.assertEqual((code, text), (22, 'Invalid argument'))
        self.assertEqual(list(self.number), [22, 'Invalid argument'])
        self.assertEqual(list(self.text), [table.MEMORY_GONE])

        def two():
            one, other = self.text

        self.fails(ValueError, None, two)

    def test_errno_and_strerror_Q4(self):
        self.assertEqual((self.number.errno, self.number.strerror), (22, 'Invalid argument'))
        self.assertIsNone(self.text.errno)
        self.assertIn(self.text.strerror, (None, table.MEMORY_GONE))

    def test_detail_L14_3(self):
        self.assertEqual(self.text.detail, table.MEMORY_GONE)
        self.assertIs(type(self.number.detail), str)
        self.assertGreater(len(self.number.detail), len('Invalid argument'))

    def test_str_Q4_L5_1(self):
        self.assertEqual(str(self.number), "(22, 'Invalid argument')")
        self.assertEqual(str(self.text), table.MEMORY_GONE)
        self.assertEqual('%s' % self.number, "(22, 'Invalid argument')")
        self.assertEqual('%s' % self.text, table.MEMORY_GONE)

    def test_caught_L5_1_Q5(self):
        for kinds in (shm.error, (KeyError, shm.error), (shm.error, AttributeError), Exception):
            try:
                shm.remove_memory(-1)
            except kinds as e:
                self.assertEqual(e.args, table.EINVAL)
            else:
                self.fail('nothing was raised')

    def test_not_caught_by_others(self):
        with self.assertRaises(shm.error):
            try:
                shm.remove_memory(-1)
            except (KeyError, ValueError, AttributeError, TypeError):
                self.fail('shm.error is none of them')

    def test_raised_from_python_Q6(self):
        def bare():
            raise shm.error

        def again():
            try:
                shm.remove_memory(-1)
            except shm.error:
                raise

        def with_value():
            raise shm.error('my text')

        self.fails(shm.error, (), bare)
        self.fails(shm.error, table.EINVAL, again)
        self.fails(shm.error, ('my text',), with_value)

    def test_made_by_hand_Q4(self):
        e = shm.error(17, 'File exists')
        self.assertIs(type(e), shm.error)
        self.assertEqual((e.args, e[0], e.errno, e.strerror, str(e)),
                         ((17, 'File exists'), 17, 17, 'File exists', "(17, 'File exists')"))
        e = shm.error('text')
        self.assertEqual((e.args, e[0], e.errno, str(e)), (('text',), 'text', None, 'text'))

    def test_subclass_Q4(self):
        class Mine(shm.error):
            pass

        self.assertEqual(Mine(4, 'x').args, (4, 'x'))
        with self.assertRaises(shm.error):
            raise Mine('x')

    def test_pickle_Q4(self):
        for e in (self.number, self.text):
            for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
                other = pickle.loads(pickle.dumps(e, protocol))
                self.assertIs(type(other), shm.error)
                self.assertEqual((other.args, other.errno, str(other)),
                                 (e.args, e.errno, str(e)))

    def test_uncaught_L5_1(self):
        for call, last in (('shm.remove_memory(-1)', "shm.error: (22, 'Invalid argument')"),
                           ('shm.memory(-1)', 'shm.error: ' + table.MEMORY_GONE)):
            status, out, err = self.program('import shm; ' + call)
            self.assertEqual((status, out), (1, ''))
            self.assertEqual(err.splitlines()[-1], last)

    @unittest.skipIf(PY3, 'the syntax of Python 2')
    def test_syntax_of_python_2_Q6(self):
        status, out, err = self.program('''
import shm
try:
    try:
        shm.remove_memory(-1)
    except shm.error, e:
        raise shm.error, (e[0], e[1])
except (KeyError, shm.error), (code, text):
    print code, text
try:
    raise shm.error, 'my text'
except shm.error, e:
    print e
''')
        self.assertEqual((status, out, err), (0, '22 Invalid argument\nmy text\n', ''))

    def test_in_the_exc_info_L5_1(self):
        try:
            shm.remove_memory(-1)
        except:  # noqa: E722
            self.assertIs(sys.exc_info()[0], shm.error)


if __name__ == '__main__':
    unittest.main()
