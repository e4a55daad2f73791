"""Module shm_wrapper: section 7 of doc/legacy.md with the mended quirks."""
import gc
import os
import random
import sys
import unittest

import shm
import shm_wrapper

import legacy_table as table
import world
from world import PY3, clock


class WrapperCase(world.Case):
    """Handles that are removed when the test ends."""

    def created(self, *args, **named):
        return self.tidy(shm_wrapper.create_memory(*args, **named))

    def created_semaphore(self, *args, **named):
        handle = shm_wrapper.create_semaphore(*args, **named)
        self.addCleanup(world.remove_key, handle.key)
        return handle

    def tidy(self, handle):
        """Have the segment detached and removed, and do not keep the handle alive."""
        key = handle.key
        shmid = shm.getshmid(key)
        self.addCleanup(world.remove_memory, shmid)
        return handle


class Module(WrapperCase):
    """L7.1."""

    def test_names_L7_1(self):
        for name in ('create_memory', 'remove_memory', 'create_semaphore', 'remove_semaphore',
                     'SharedMemoryHandle', 'SemaphoreHandle'):
            self.assertTrue(callable(getattr(shm_wrapper, name)), name)
        self.assertIs(shm_wrapper.ShmError, shm.error)
        self.assertIs(shm_wrapper.shm, shm)
        self.assertIs(shm_wrapper.sys, sys)
        self.assertIs(shm_wrapper.random, random)

    def test_docstring_L14_4(self):
        self.assertTrue(shm_wrapper.__doc__)

    def test_star_L7_1(self):
        names = {}
        exec('from shm_wrapper import *', names)
        for name in ('create_memory', 'remove_memory', 'create_semaphore', 'remove_semaphore',
                     'SharedMemoryHandle', 'SemaphoreHandle', 'ShmError'):
            self.assertIs(names[name], getattr(shm_wrapper, name))


class CreateMemory(WrapperCase):
    """Section 7.1, the table's first row."""

    def test_defaults_L7_1_Q28(self):
        handle = self.created(100)
        self.assertIs(type(handle), shm_wrapper.SharedMemoryHandle)
        self.assertEqual((handle.size, handle.permissions, handle.number_attached), (100, 0o666, 1))
        self.assertEqual(handle.read(), b' ' * 100)
        self.assertEqual(handle.creator_pid, os.getpid())

    def test_keywords_L1_2(self):
        handle = self.created(size=50, permissions=0o600, InitCharacter='x')
        self.assertEqual((handle.size, handle.permissions), (50, 0o600))
        self.assertEqual(handle.read(NumberOfBytes=3, offset=47), b'x' * 3)

    def test_fill_L7_1_4(self):
        for character, byte in (('\0', b'\0'), ('x', b'x'), ('xyz', b'x'), (u'u', b'u')):
            self.assertEqual(self.created(5000, 0o666, character).read(), byte * 5000)

    @world.needs_python3
    def test_fill_is_latin_1_10_1(self):
        self.assertEqual(bytes(self.created(9, InitCharacter='\xe9').read()), b'\xe9' * 9)
        self.fails(UnicodeEncodeError, None, shm_wrapper.create_memory, 9, 0o666, u'\u20ac')

    def test_key_L7_1_1(self):
        handles = [self.created(1) for _ in range(20)]
        keys = [handle.key for handle in handles]
        self.assertEqual(len(set(keys)), 20)
        for key in keys:
            self.assertTrue(1 <= key < 2 ** 32, key)
            self.assertEqual(shm.memory_haskey(key), 1)
        self.assertTrue(max(keys) > 2 ** 24, 'random keys are not small')

    def test_stream_of_random_Q37(self):
        random.seed(5)
        before = random.getstate()
        self.created(5)
        self.created_semaphore()
        self.assertEqual(random.getstate(), before)

    def test_seed_does_not_choose_the_key_Q37(self):
        random.seed(5)
        first = self.created(5).key
        random.seed(5)
        self.assertNotEqual(self.created(5).key, first)

    def test_sizes_L7_1_3_Q7(self):
        for size in (0, -1, -2 ** 31):
            self.error(table.EINVAL, shm_wrapper.create_memory, size)
        for size in ('5', None, 5.0):
            self.fails(TypeError, None, shm_wrapper.create_memory, size)
        self.fails(OverflowError, None, shm_wrapper.create_memory, 2 ** 63)
        self.assertEqual(self.created(1).size, 1)

    def test_permissions_Q25(self):
        self.error(table.EINVAL, shm_wrapper.create_memory, 10, 0o1666)
        self.error(table.EINVAL, shm_wrapper.create_memory, 10, -1)

    def test_failures_leave_nothing_L7_1_5_Q7_Q8_Q9(self):
        code = '''
report([errors(shm_wrapper.create_memory, 10, 0o666, ''),
        errors(shm_wrapper.create_memory, 10, 0o666, 0)[0],
        errors(shm_wrapper.create_memory, 10, 0o666, None)[0],
        errors(shm_wrapper.create_memory, 10, 0o666, u'\\u20ac')[0],
        errors(shm_wrapper.create_memory, 0),
        errors(shm_wrapper.create_memory, 10, 0o7777),
        errors(shm_wrapper.create_memory, 2.5)[0],
        errors(shm_wrapper.create_semaphore, -1),
        errors(shm_wrapper.create_semaphore, 32768),
        errors(shm_wrapper.create_semaphore, 1, 0o7777),
        errors(shm_wrapper.create_semaphore, None)[0]])
'''
        found, left = self.alone(code)
        self.assertEqual(found[0][0], 'IndexError')
        self.assertEqual(found[1:4], ['TypeError', 'TypeError', 'UnicodeEncodeError'])
        self.assertEqual(found[4:6], [['error', list(table.EINVAL)]] * 2)
        self.assertEqual(found[6], 'TypeError')
        self.assertEqual(found[7:9], [['error', list(table.ERANGE)]] * 2)
        self.assertEqual(found[9], ['error', list(table.EINVAL)])
        self.assertEqual(found[10], 'TypeError')
        self.assertEqual(left, [])

    @world.needs_root
    def test_unreadable_leaves_nothing_L7_1_5_Q8(self):
        code = '''
world.become_nobody()
report([errors(shm_wrapper.create_memory, 10, 0), errors(shm_wrapper.create_memory, 10, 0o200),
        errors(shm_wrapper.create_semaphore, 1, 0)[0]])
'''
        found, left = self.alone(code)
        self.assertEqual(found[0], ['error', [table.MEMORY_GONE]])
        self.assertEqual(found[1], ['error', [table.MEMORY_GONE]])
        self.assertEqual(found[2], 'error')
        self.assertEqual(left, [])

    @world.needs_sysv
    def test_limits_Q7(self):
        code = '''
open('/proc/sys/kernel/shmmni', 'w').write('1')
open('/proc/sys/kernel/sem', 'w').write('32000 1024000000 500 1')
m, s = shm_wrapper.create_memory(10), shm_wrapper.create_semaphore()
report([errors(shm_wrapper.create_memory, 10), errors(shm_wrapper.create_semaphore)])
m.remove()
s.remove()
'''
        found, left = self.alone(code)
        self.assertEqual(found, [['error', list(table.ENOSPC)]] * 2)
        self.assertEqual(left, [])


class CreateSemaphore(WrapperCase):
    """Section 7.1, the table's third row."""

    def test_defaults_L7_1(self):
        handle = self.created_semaphore()
        self.assertIs(type(handle), shm_wrapper.SemaphoreHandle)
        self.assertEqual((handle.value, handle.permissions, handle.blocking, handle.undo),
                         (1, 0o666, 1, 0))
        self.assertTrue(1 <= handle.key < 2 ** 32)
        self.assertEqual(shm.semaphore_haskey(handle.key), 1)

    def test_keywords_L1_2(self):
        handle = self.created_semaphore(InitialValue=0, permissions=0o600)
        self.assertEqual((handle.value, handle.permissions), (0, 0o600))
        self.assertEqual(self.created_semaphore(7, 0o640).value, 7)

    def test_out_of_range_Q7_Q8(self):
        for value in (-1, 32768):
            begin = clock()
            self.error(table.ERANGE, shm_wrapper.create_semaphore, value)
            self.assertLess(clock() - begin, 10)


class RemoveByKey(WrapperCase):
    """Section 7.1: remove_memory and remove_semaphore."""

    def test_removes_L7_1(self):
        memory, semaphore = self.memory(), self.semaphore()
        keys = memory.key, semaphore.key
        self.assertIsNone(shm_wrapper.remove_memory(keys[0]))
        self.assertIsNone(shm_wrapper.remove_semaphore(keys[1]))
        self.assertEqual((shm.memory_haskey(keys[0]), shm.semaphore_haskey(keys[1])), (0, 0))

    def test_unknown_L7_1(self):
        key = self.key()
        for given in (key, key + 2 ** 32):
            self.fails(KeyError, (given,), shm_wrapper.remove_memory, given)
            self.fails(KeyError, (given,), shm_wrapper.remove_semaphore, given)

    @world.needs_root
    def test_of_others_L2_2_24(self):
        keys = self.memory().key, self.semaphore().key
        self.as_nobody(lambda: (self.error(table.EPERM, shm_wrapper.remove_memory, keys[0]),
                                self.error(table.EPERM, shm_wrapper.remove_semaphore, keys[1]),
                                None)[2])
        self.assertEqual((shm.memory_haskey(keys[0]), shm.semaphore_haskey(keys[1])), (1, 1))


class MemoryHandle(WrapperCase):
    """Section 7.2."""

    def test_unknown_key_L7_2_1(self):
        key = self.key()
        for given in (key, key + 2 ** 32):
            self.fails(KeyError, (given,), shm_wrapper.SharedMemoryHandle, given)
        for given in ('5', None, 5.0):
            self.fails(TypeError, None, shm_wrapper.SharedMemoryHandle, given)

    def test_does_not_attach_L7_2_1(self):
        m = self.memory()
        handle = shm_wrapper.SharedMemoryHandle(m.key)
        self.assertEqual((handle.number_attached, m.attached), (0, 0))
        self.assertEqual((handle.key, handle.size), (m.key, 100))
        self.assertEqual(m.attached, 0)

    def test_keys_are_folded_L1_5(self):
        m = self.memory()
        for key in (m.key + 2 ** 32, m.key - 2 ** 32):
            self.assertEqual(shm_wrapper.SharedMemoryHandle(key).key, m.key)

    def test_one_object_L7_2_2(self):
        m = self.memory()
        first = shm_wrapper.SharedMemoryHandle(m.key)
        second = shm_wrapper.SharedMemoryHandle(m.key)
        self.assertIs(first._MemoryHandle, m)
        self.assertIs(second._MemoryHandle, m)
        first.write('shared')
        self.assertEqual((second.read(6), m.nattch, first.number_attached), (b'shared', 1, 1))

    def test_read_L7_2_3(self):
        m = self.attached(10)
        m.write('0123456789')
        m.detach()
        handle = shm_wrapper.SharedMemoryHandle(m.key)
        self.assertEqual(handle.read(), b'0123456789')
        self.assertEqual((m.attached, handle.number_attached), (1, 1))
        for args, data in (((0,), b'0123456789'), ((None,), b'0123456789'), ((3,), b'012'),
                           ((0, 4), b'456789'), ((None, 4), b'456789'), ((2, 4), b'45'),
                           ((0, 10), b''), ((False, 9), b'9'), ((1, 9), b'9')):
            self.assertEqual(handle.read(*args), data)
        self.assertEqual(handle.read(offset=7), b'789')
        self.assertEqual(handle.read(offset=7, NumberOfBytes=1), b'7')

    def test_read_limits_L7_2_3_Q29(self):
        handle = self.created(10)
        self.error(table.READ_LIMIT, handle.read, 11)
        self.error(table.READ_LIMITS, handle.read, 10, 1)
        self.error(table.READ_LIMITS, handle.read, 1, 10)
        for offset in (11, 12, 1000, 2 ** 40):
            self.error(table.READ_LIMITS, handle.read, 0, offset)
            self.error(table.READ_LIMITS, handle.read, None, offset)
        self.error(table.READ_LIMIT, handle.read, -1)
        self.error(table.READ_LIMITS, handle.read, 1, -1)

    def test_read_attaches_read_write_L7_2_3(self):
        m = self.memory()
        handle = shm_wrapper.SharedMemoryHandle(m.key)
        handle.read(1)
        self.assertIn('attached R/W', repr(m))

    def test_write_L7_2_4(self):
        m = self.memory(10)
        handle = shm_wrapper.SharedMemoryHandle(m.key)
        self.assertIsNone(handle.write('abc'))
        self.assertEqual(m.attached, 1)
        handle.write('xy', 8)
        handle.write(b'-', offset=5)
        self.assertEqual(m.read(10), b'abc\0\0-\0\0xy')
        self.error(table.WRITE_LIMIT, handle.write, 'x' * 11)
        self.error(table.WRITE_LIMITS, handle.write, 'x', 10)
        self.fails(TypeError, None, handle.write, 5)

    def test_plain_L14_4(self):
        handle = self.created(10)
        self.assertIs(type(handle.read(3, plain=True)), bytes)
        self.assertEqual(handle.read(0, 7, plain=True), b'   ')

    def test_readonly_L14_4(self):
        m = self.memory(10)
        handle = shm_wrapper.SharedMemoryHandle(m.key, readonly=True)
        self.assertEqual(handle.read(), b'\0' * 10)
        self.assertIn('attached RO', repr(m))
        self.error(table.READ_ONLY, handle.write, 'x')

    @world.needs_root
    def test_readonly_by_permission_L14_4(self):
        key = self.foreign_memory(10, 0o644)

        def read():
            self.error(table.EACCES, shm_wrapper.SharedMemoryHandle(key).read)
            return bytes(shm_wrapper.SharedMemoryHandle(key, readonly=True).read(3))

        self.assertEqual(self.as_nobody(read), b'\0\0\0')

    def test_remove_L7_2_5(self):
        handle = self.created(10)
        key = handle.key
        shmid = shm.getshmid(key)
        self.assertIsNone(handle.remove())
        self.assertEqual(shm.memory_haskey(key), 0)
        self.error(table.MEMORY_GONE, shm.memory, shmid)
        self.assertIsNone(handle.remove())

    def test_remove_of_removed_L7_2_5_Q15(self):
        handle = self.created(10)
        shmid = shm.getshmid(handle.key)
        shm.remove_memory(shmid)
        self.error(table.MEMORY_GONE, handle.remove)
        self.error(table.MEMORY_GONE, shm.memory, shmid)

    @world.needs_root
    def test_remove_of_others_L7_2_5(self):
        key = self.foreign_memory()
        self.as_nobody(lambda: self.error(
            table.EPERM, shm_wrapper.SharedMemoryHandle(key).remove) and None)
        self.assertEqual(shm.memory_haskey(key), 1)

    def test_after_remove_L7_2_6(self):
        handle = self.created(10)
        handle.remove()
        calls = [lambda n=n: getattr(handle, n) for n in (
            'key', 'size', 'number_attached', 'creator_uid', 'creator_gid', 'creator_pid',
            'last_pid', 'permissions', 'uid', 'gid')]
        calls += [handle.read, lambda: handle.write('x'), lambda: handle.read(1, 1)]

        def check(call):
            e = self.fails(AttributeError, None, call)
            self.assertTrue(str(e).startswith("'NoneType' object has no attribute "), str(e))

        self.each([(call,) for call in calls], check)
        for name in ('permissions', 'uid', 'gid'):
            self.fails(AttributeError, None, setattr, handle, name, 5)

    def test_properties_L7_2_7(self):
        handle = self.created(321, 0o640)
        self.assertEqual(
            (handle.size, handle.number_attached, handle.creator_uid, handle.creator_gid,
             handle.creator_pid, handle.last_pid, handle.permissions, handle.uid, handle.gid),
            (321, 1, os.geteuid(), os.getegid(), os.getpid(), os.getpid(), 0o640, os.geteuid(),
             os.getegid()))

    def test_read_only_properties_L7_2_7_Q33(self):
        handle = self.created(10)
        for name in ('key', 'size', 'number_attached', 'creator_uid', 'creator_gid', 'creator_pid',
                     'last_pid'):
            with self.same(lambda: getattr(handle, name)):
                e = self.fails(AttributeError, None, setattr, handle, name, 5)
                self.assertTrue(str(e))

    def test_read_write_properties_L7_2_7_Q10(self):
        handle = self.created(10)
        for perm in (0o600, 0o600, 0o664):
            handle.permissions = perm
            self.assertEqual(handle.permissions, perm)
        self.assertEqual(shm.memory(shm.getshmid(handle.key)).perm, 0o664)

    @world.needs_root
    def test_owner_L7_2_7(self):
        handle = self.created(10)
        handle.uid, handle.gid = 1234, 2345
        self.assertEqual((handle.uid, handle.gid, handle.creator_uid, handle.creator_gid),
                         (1234, 2345, os.geteuid(), os.getegid()))

    def test_extra_attributes_L7_2_8(self):
        handle = self.created(10)
        handle.anything = [5]
        self.assertEqual(handle.anything, [5])
        self.assertIs(handle._MemoryHandle, shm.memory(shm.getshmid(handle.key)))

    def test_subclass_L7_2(self):
        class Mine(shm_wrapper.SharedMemoryHandle):
            def twice(self):
                return self.read(1) + self.read(1)

        handle = Mine(self.created(10, 0o666, 'x').key)
        self.assertEqual(handle.twice(), b'xx')

    def test_truth_L9_3(self):
        handle = self.created(1)
        self.assertTrue(handle)
        self.assertTrue(handle != None)  # noqa: E711


class LifeTime(WrapperCase):
    """L7.2.9 and Q19."""

    def test_the_last_handle_detaches_L7_2_9(self):
        m = self.memory()
        handle = shm_wrapper.SharedMemoryHandle(m.key)
        handle.write('x')
        self.assertEqual((m.attached, m.nattch), (1, 1))
        del handle
        gc.collect()
        self.assertEqual((m.attached, m.nattch), (0, 0))

    def test_the_creating_handle_detaches_L7_2_9(self):
        handle = self.created(10)
        shmid = shm.getshmid(handle.key)
        self.assertEqual(shm.memory(shmid).nattch, 1)
        del handle
        gc.collect()
        self.assertEqual(shm.memory(shmid).nattch, 0)

    def test_others_stay_attached_Q19(self):
        m = self.memory()
        handles = [shm_wrapper.SharedMemoryHandle(m.key) for _ in range(3)]
        for handle in handles:
            handle.write('kept')
        del handle
        address = m.addr
        for _ in range(2):
            handles.pop()
            gc.collect()
            self.assertEqual((m.attached, m.addr, m.nattch), (1, address, 1))
            self.assertEqual(handles[0].read(4), b'kept')
        handles.pop()
        gc.collect()
        self.assertEqual((m.attached, m.nattch), (0, 0))

    def test_explicit_detach_is_at_once_Q19(self):
        m = self.memory()
        first = shm_wrapper.SharedMemoryHandle(m.key)
        second = shm_wrapper.SharedMemoryHandle(m.key)
        first.write('kept')
        second.read(1)
        m.detach()
        self.assertEqual((m.attached, m.nattch), (0, 0))
        self.assertEqual((second.read(4), m.nattch), (b'kept', 1))
        del second
        gc.collect()
        self.assertEqual(first.read(4), b'kept')
        del first
        gc.collect()
        self.assertEqual((m.attached, m.nattch), (0, 0))

    def test_remove_beside_another_handle_L7_2_5(self):
        first = self.created(10)
        second = shm_wrapper.SharedMemoryHandle(first.key)
        shmid = shm.getshmid(first.key)
        second.read(1)
        first.remove()
        self.error(table.MEMORY_GONE, second.read)
        self.error(table.MEMORY_GONE, getattr, second, 'size')
        self.error(table.MEMORY_GONE, shm.memory, shmid)
        self.error(table.MEMORY_GONE, second.remove)

    def test_removed_elsewhere_is_silent_L7_2_9(self):
        status, out, err = self.program('''
import shm, shm_wrapper, gc
h = shm_wrapper.create_memory(10)
shmid = shm.getshmid(h.key)
shm.remove_memory(shmid)
del h
gc.collect()
try:
    shm.memory(shmid)
except shm.error as e:
    print(e)
''')
        self.assertEqual((status, out.strip(), err), (0, table.MEMORY_GONE, ''))

    def test_silent_at_exit_L7_2_9(self):
        key = self.memory().key
        status, out, err = self.program('''
import sys, shm_wrapper
h = shm_wrapper.SharedMemoryHandle(int(sys.argv[1]))
s = shm_wrapper.create_semaphore()
s.remove()
h.write("written")
class Holder(object):
    def __init__(self): self.me, self.h = self, h
holder = Holder()
''', key)
        self.assertEqual((status, out, err), (0, '', ''))
        self.assertEqual(shm_wrapper.SharedMemoryHandle(key).read(7), b'written')

    def test_failed_constructor_is_silent_L7_2_9(self):
        status, out, err = self.program('''
import gc, shm_wrapper
for key in (0, "x", None):
    try:
        shm_wrapper.SharedMemoryHandle(key)
    except (KeyError, TypeError) as e:
        print(type(e).__name__)
gc.collect()
''')
        self.assertEqual((status, out.split(), err),
                         (0, ['KeyError', 'TypeError', 'TypeError'], ''))

    def test_fork_L6_1(self):
        handle = self.created(10)
        handle.write('parent')

        def use():
            found = bytes(handle.read(6))
            handle.write('child ')
            return found

        self.assertEqual(self.forked(use), b'parent')
        self.assertEqual(handle.read(6), b'child ')
        self.until(lambda: handle.number_attached == 1)


class SemaphoreHandle(WrapperCase):
    """Section 7.3."""

    def test_unknown_key_L7_3_1(self):
        key = self.key()
        for given in (key, key + 2 ** 32):
            self.fails(KeyError, (given,), shm_wrapper.SemaphoreHandle, given)
        self.fails(TypeError, None, shm_wrapper.SemaphoreHandle, '5')

    def test_operations_L7_3_1(self):
        handle = self.created_semaphore(1)
        self.assertIsNone(handle.P())
        self.assertEqual(handle.value, 0)
        self.assertIsNone(handle.Z())
        self.assertIsNone(handle.V())
        self.assertEqual(handle.value, 1)

    def test_timeout_L14_4(self):
        handle = self.created_semaphore(0)
        self.error(table.EAGAIN, handle.P, timeout=0)
        self.error(table.EAGAIN, handle.P, timeout=0.02)
        self.fails(ValueError, None, handle.P, timeout=-1)
        handle.Z(timeout=0)
        handle.V()
        handle.P(timeout=None)
        handle.V()
        self.error(table.EAGAIN, handle.Z, timeout=0)
        self.assertEqual(handle.value, 1)

    def test_remove_L7_3_1(self):
        handle = self.created_semaphore()
        key = handle.key
        self.assertIsNone(handle.remove())
        self.assertEqual(shm.semaphore_haskey(key), 0)
        self.fails(AttributeError, None, handle.remove)
        self.fails(AttributeError, None, handle.P)
        self.fails(AttributeError, None, getattr, handle, 'value')

    def test_removed_elsewhere_L4_1(self):
        handle = self.created_semaphore()
        shm_wrapper.remove_semaphore(handle.key)
        self.error(table.SEMAPHORE_GONE, handle.P)
        self.error(table.SEMAPHORE_GONE, getattr, handle, 'value')
        self.error(table.SEMAPHORE_GONE, handle.remove)

    def test_properties_L7_3_2(self):
        handle = self.created_semaphore(3, 0o640)
        self.assertEqual(
            (handle.value, handle.WaitingForZero, handle.WaitingForNonZero, handle.creator_uid,
             handle.creator_gid, handle.last_pid, handle.permissions, handle.uid, handle.gid),
            (3, 0, 0, os.geteuid(), os.getegid(), os.getpid(), 0o640, os.geteuid(), os.getegid()))

    def test_waiting_is_counted_L7_3_2(self):
        handle = self.created_semaphore(0)
        worker = self.worker(handle.P)
        self.until(lambda: handle.WaitingForNonZero == 1)
        self.assertEqual(handle.WaitingForZero, 0)
        handle.value = 2
        self.assertEqual(worker.outcome(), ('returned', None))
        worker = self.worker(handle.Z)
        self.until(lambda: handle.WaitingForZero == 1)
        self.assertEqual(handle.WaitingForNonZero, 0)
        handle.P()
        self.assertEqual(worker.outcome(), ('returned', None))

    def test_read_only_properties_L7_3_2_Q33(self):
        handle = self.created_semaphore()
        for name in ('key', 'WaitingForZero', 'WaitingForNonZero', 'creator_uid', 'creator_gid',
                     'last_pid'):
            with self.same(lambda: getattr(handle, name)):
                e = self.fails(AttributeError, None, setattr, handle, name, 5)
                self.assertTrue(str(e))

    def test_blocking_L7_3_2_Q32(self):
        handle = self.created_semaphore(0)
        for value, flag in ((False, 0), (True, 1), (0, 0), (5, 1)):
            handle.blocking = value
            self.assertEqual(handle.blocking, flag)
            self.assertIs(type(handle.blocking), int)
        handle.blocking = 0
        self.error(table.EAGAIN, handle.P)
        for value in (None, '1', 1.0):
            self.fails(TypeError, None, setattr, handle, 'blocking', value)

    def test_undo_Q32(self):
        handle = self.created_semaphore()
        for value, flag in ((True, 1), (False, 0), (7, 1)):
            handle.undo = value
            self.assertEqual(handle.undo, flag)
            self.assertIs(type(handle.undo), int)
        self.assertEqual(shm.semaphore(shm.getsemid(handle.key)).undo, 1)

    def test_value_Q30(self):
        handle = self.created_semaphore()
        for value in (0, 5, 32767):
            handle.value = value
            self.assertEqual(handle.value, value)
        self.error(table.ERANGE, setattr, handle, 'value', -1)
        self.error(table.ERANGE, setattr, handle, 'value', 32768)
        self.assertEqual(handle.value, 32767)

    def test_permissions_Q31(self):
        handle = self.created_semaphore()
        for perm in (0o600, 0o600, 0o664):
            handle.permissions = perm
            self.assertEqual(handle.permissions, perm)
            self.assertEqual(shm.semaphore(shm.getsemid(handle.key)).perm, perm)

    @world.needs_root
    def test_owner_L7_3_2(self):
        handle = self.created_semaphore()
        handle.uid, handle.gid = 1234, 2345
        self.assertEqual((handle.uid, handle.gid, handle.creator_uid, handle.creator_gid),
                         (1234, 2345, os.geteuid(), os.getegid()))

    def test_one_object_L4_5(self):
        s = self.semaphore(0)
        first, second = [shm_wrapper.SemaphoreHandle(s.key) for _ in range(2)]
        self.assertIs(first._SemaphoreHandle, s)
        first.blocking = 0
        self.assertEqual((second.blocking, s.blocking), (0, 0))

    def test_no_creator_pid_no_destructor_L7_3_4(self):
        handle = self.created_semaphore()
        self.assertFalse(hasattr(handle, 'creator_pid'))
        self.assertFalse(hasattr(handle, '__del__'))
        handle.anything = 5
        self.assertEqual(handle.anything, 5)
        key = handle.key
        del handle
        gc.collect()
        self.assertEqual(shm_wrapper.SemaphoreHandle(key).value, 1)


class Together(WrapperCase):
    """Both modules on one key (section 9, section 11 item 1)."""

    def test_partners_exchange_messages(self):
        memory, semaphore = self.created(100), self.created_semaphore(0, 0o600)
        turns = 200
        status = []

        def partner():
            m, s = shm.memory(shm.getshmid(memory.key)), shm.semaphore(shm.getsemid(semaphore.key))
            for n in range(turns):
                s.P()
                text = str(m.read(20)).strip()
                if text != 'ping %d' % n:
                    return text
                m.write(('pong %d' % n).ljust(20))
                back.V()

        back = self.semaphore(0)
        child = self.child(partner)
        for n in range(turns):
            memory.write(('ping %d' % n).ljust(20))
            semaphore.V()
            back.P(timeout=world.DEADLINE)
            status.append(memory.read(20).strip() == 'pong %d' % n)
        self.assertIsNone(child.result())
        self.assertEqual(status, [True] * turns)

    def test_types_of_keys_L1_7(self):
        kind = int if PY3 else table.long
        self.assertIs(type(self.created(1).key), kind)
        self.assertIs(type(self.created_semaphore().key), kind)


if __name__ == '__main__':
    unittest.main()
