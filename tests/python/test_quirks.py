"""One test for each row of the table in section 10 of doc/legacy.md that does not concern
SHMArrays, named after its number."""
import array
import ctypes
import gc
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

import shm
import shm_wrapper

import legacy_table as table
import world
from world import BACKEND, PY3


class Quirks(world.Case):

    def handle(self, *args):
        """A wrapper's new memory, which does not outlive the test."""
        handle = shm_wrapper.create_memory(*args)
        self.addCleanup(world.remove_memory, shm.getshmid(handle.key))
        return handle

    def semaphore_handle(self, *args):
        handle = shm_wrapper.create_semaphore(*args)
        self.addCleanup(world.remove_key, handle.key)
        return handle

    def test_q01_objects_are_those_of_the_backend(self):
        m, s = self.memory(123), self.semaphore()
        signed = [k - 2 ** 32 if k >= 2 ** 31 else k for k in (m.key, s.key)]
        if BACKEND == 'sysv':
            libc = ctypes.CDLL(None)
            self.assertEqual(libc.shmget(signed[0], 123, 0), m.shmid)
            self.assertEqual(libc.semget(signed[1], 1, 0), s.semid)
        else:
            names = world.objects()
            prefix = world.store()[1]
            for name in ('m.%08x' % m.shmid, 's.%08x' % s.semid, 'mk.%08x' % m.key,
                         'sk.%08x' % s.key):
                self.assertIn(prefix + name, names)

    def test_q02_keys_are_folded_and_reported_unsigned(self):
        key = self.key() | 0x80000000
        while shm.memory_haskey(key):
            key = self.key() | 0x80000000
        self.addCleanup(world.remove_key, key)
        m = shm.create_memory(key - 2 ** 32, 10)
        self.assertEqual(m.key, key)
        for other in (key, key - 2 ** 32, key + 5 * 2 ** 32, int('%ld' % m.key)):
            self.assertEqual(shm.getshmid(other), m.shmid)

    def test_q03_key_error_has_the_key_as_passed(self):
        key = self.key() + 2 ** 40
        for call in (shm.getshmid, shm.getsemid, shm_wrapper.SharedMemoryHandle,
                     shm_wrapper.SemaphoreHandle, shm_wrapper.remove_memory,
                     shm_wrapper.remove_semaphore):
            self.fails(KeyError, (key,), call, key)
        try:
            m = shm.memory(shm.getshmid(key))
        except KeyError:
            m = shm.create_memory(key, 10)
        self.assertEqual(m.key, key % 2 ** 32)

    def test_q04_error_is_a_class_that_answers_like_a_tuple(self):
        self.assertTrue(isinstance(shm.error, type) and issubclass(shm.error, Exception))
        self.assertIs(shm_wrapper.ShmError, shm.error)
        self.assertEqual(repr(shm.error), "<class 'shm.error'>")
        e = self.error(table.EINVAL, shm.remove_memory, -1)
        code, text = e
        self.assertEqual((code, text, e[0], e[1], e.errno, e.strerror, str(e), e.args),
                         (22, 'Invalid argument', 22, 'Invalid argument', 22, 'Invalid argument',
                          "(22, 'Invalid argument')", (22, 'Invalid argument')))
        e = self.error(table.SEMAPHORE_GONE, shm.semaphore, -1)
        self.assertEqual((e.args, e[0], list(e), e.errno, str(e)),
                         ((table.SEMAPHORE_GONE,), table.SEMAPHORE_GONE, [table.SEMAPHORE_GONE],
                          None, table.SEMAPHORE_GONE))

    def test_q05_except_exception_catches_it(self):
        try:
            shm.memory(-1)
        except Exception as e:
            self.assertIs(type(e), shm.error)
        else:
            self.fail('nothing was raised')
        with self.assertRaises(shm.error):
            shm.memory(-1)

    def test_q06_it_can_be_raised(self):
        def again():
            try:
                shm.memory(-1)
            except shm.error as e:
                raise shm.error(e)

        e = self.fails(shm.error, None, again)
        self.assertEqual(str(e), table.MEMORY_GONE)

        def with_value():
            raise shm.error('value')

        self.error('value', with_value)

    def test_q07_the_wrapper_raises_what_happened(self):
        self.error(table.EINVAL, shm_wrapper.create_memory, 0)
        self.error(table.EINVAL, shm_wrapper.create_memory, -5)
        self.error(table.EINVAL, shm_wrapper.create_memory, 10, 0o10000)
        self.error(table.ERANGE, shm_wrapper.create_semaphore, 32768)

    def test_q08_no_failure_is_tried_again(self):
        code = '''
made = []
create_memory, create_semaphore = shm.create_memory, shm.create_semaphore
def counting(function):
    def call(*args, **named):
        made.append(function.__name__)
        return function(*args, **named)
    return call
shm.create_memory, shm.create_semaphore = counting(create_memory), counting(create_semaphore)
found = [errors(shm_wrapper.create_semaphore, value)[1] for value in (-1, 32768, -2**31)]
found += [errors(shm_wrapper.create_memory, 0)[1], errors(shm_wrapper.create_memory, 5, -1)[1]]
report([found, len(made) <= 5])
'''
        found, left = self.alone(code)
        self.assertEqual(found, [[list(table.ERANGE)] * 3 + [list(table.EINVAL)] * 2, True])
        self.assertEqual(left, [])

    def test_q09_failing_creations_leave_nothing(self):
        code = '''
found = [errors(shm.create_semaphore, 5, value)[1] for value in (-1, 32768)]
found += [errors(shm_wrapper.create_memory, 10, 0o666, c)[0] for c in ('', 0)]
report([found, shm.semaphore_haskey(5)])
'''
        found, left = self.alone(code)
        self.assertEqual(found, [[list(table.ERANGE)] * 2 + ['IndexError', 'TypeError'], 0])
        self.assertEqual(left, [])

    @world.needs_root
    def test_q09_nor_does_a_segment_that_its_creator_cannot_read(self):
        code = '''
world.become_nobody()
report([errors(shm.create_memory, 5, 10, 0)[1], errors(shm.create_memory, 0, 10, 0o377)[1],
        errors(shm.create_semaphore, 5, 1, 0)[0], errors(shm.create_semaphore, 0, 1, 0o200)[0]])
'''
        found, left = self.alone(code)
        self.assertEqual(found, [[table.MEMORY_GONE]] * 2 + ['error'] * 2)
        self.assertEqual(left, [])

    def test_q10_setperm_assigns(self):
        for o in (self.memory(), self.semaphore()):
            for perm in (0o600, 0o600, 0o640, 0o444, 0o777):
                o.setperm(perm)
                self.assertEqual(o.perm, perm)
        handle = self.handle(10)
        handle.permissions = 0o600
        self.assertEqual(handle.permissions, 0o600)

    def test_q11_nothing_outside_is_reached(self):
        m = self.attached(100)
        for args, text in (((-1,), table.READ_LIMIT), ((5, -1), table.READ_LIMITS),
                           ((200, -100), table.READ_LIMITS), ((-5, 50), table.READ_LIMITS),
                           ((2 ** 63 - 1, 2 ** 63 - 1), table.READ_LIMITS)):
            self.error(text, m.read, *args)
        for offset in (-1, -50, -2 ** 63, 2 ** 63 - 1):
            self.error(table.WRITE_LIMITS, m.write, 'x' * 60, offset)
        self.assertEqual(m.read(100), b'\0' * 100)

    def test_q12_more_than_two_gigabytes(self):
        size = 2 ** 31 + 4096
        try:
            m = self.memory(size)
            m.attach()
        except shm.error as e:
            if e.errno in (12, 28):
                self.skipTest('no room for 2 GiB here')
            raise
        m.write('beyond', 2 ** 31 + 10)
        self.assertEqual((m.size, m.read(6, 2 ** 31 + 10)), (size, b'beyond'))
        self.assertIs(shm.memory(m.shmid), m)
        self.error(table.READ_LIMITS, m.read, 4097, 2 ** 31)

    def test_q13_access_after_removal_fails(self):
        m = self.attached()
        m.write('still mapped')
        shm.remove_memory(m.shmid)
        for call in (lambda: m.read(1), lambda: m.write('x'), lambda: m.size, lambda: m.attached,
                     lambda: m.nattch, lambda: repr(m)):
            self.error(table.MEMORY_GONE, call)

    def test_q14_detach_after_removal_unmaps(self):
        m = self.attached()
        shmid = m.shmid
        shm.remove_memory(shmid)
        self.assertEqual(shm.memory(shmid).nattch, 1)
        self.assertIsNone(m.detach())
        self.error(table.MEMORY_GONE, shm.memory, shmid)

    def test_q15_remove_of_a_removed_segment_raises_and_unmaps(self):
        handle = self.handle(10)
        shmid = shm.getshmid(handle.key)
        shm.remove_memory(shmid)
        self.error(table.MEMORY_GONE, handle.remove)
        self.error(table.MEMORY_GONE, shm.memory, shmid)

    def test_q16_revival_by_the_old_id(self):
        m = self.attached()
        m.write('alive')
        shmid = m.shmid
        shm.remove_memory(shmid)
        self.error(table.MEMORY_GONE, m.read, 5)
        self.assertIs(shm.memory(shmid), m)
        self.assertEqual((m.read(5), m.key, m.nattch), (b'alive', 0, 1))
        m.detach()
        self.error(table.MEMORY_GONE, m.attach)

    def test_q17_the_check_has_the_same_effect(self):
        m, s = self.attached(), self.semaphore()
        keys = m.key, s.key
        shm.remove_memory(m.shmid)
        shm.remove_semaphore(s.semid)
        self.error(table.MEMORY_GONE, m.read, 1)
        self.error(table.SEMAPHORE_GONE, s.V)
        again = shm.create_memory(keys[0], 100), shm.create_semaphore(keys[1])
        self.error(table.MEMORY_GONE, m.read, 1)
        self.error(table.SEMAPHORE_GONE, s.V)
        self.assertEqual((again[0].size, again[1].val), (100, 1))

    @world.needs_sysv
    def test_q17_the_check_is_one_call(self):
        if not shutil_which('strace'):
            self.skipTest('strace is not installed')
        few, many = self._calls(10), self._calls(110)
        if few is None:
            self.skipTest('strace may not trace here')
        self.assertEqual(many - few, 100)

    def _calls(self, count):
        """System calls of System V memory that so many accesses make."""
        code = ('import shm; m = shm.create_memory(0, 10); m.attach();'
                '[m.read(1) for _ in range(%d)]; shm.remove_memory(m.shmid)' % count)
        with tempfile.NamedTemporaryFile('r') as log:
            with open(os.devnull, 'w') as null:
                status = subprocess.call(
                    ['strace', '-o', log.name, '-e', 'trace=shmctl,shmget', sys.executable, '-c',
                     code], stderr=null)
            lines = log.readlines()
        return None if status else sum(line.startswith(('shmctl', 'shmget')) for line in lines)

    def test_q18_one_object_for_an_id(self):
        m, s = self.memory(), self.semaphore()
        self.assertIs(shm.memory(m.shmid), m)
        handle = shm_wrapper.SharedMemoryHandle(m.key)
        handle.write('through one')
        self.assertEqual(m.read(11), b'through one')
        shm_wrapper.SemaphoreHandle(s.key).blocking = 0
        self.assertEqual(s.blocking, 0)

    def test_q19_the_last_handle_detaches(self):
        m = self.memory()
        first, second = [shm_wrapper.SharedMemoryHandle(m.key) for _ in range(2)]
        first.write('kept')
        second.read(1)
        address = m.addr
        del first
        gc.collect()
        self.assertEqual((m.attached, m.addr, second.read(4)), (1, address, b'kept'))
        del second
        gc.collect()
        self.assertEqual((m.attached, m.nattch), (0, 0))

    def test_q20_dropping_an_object_does_not_unmap(self):
        shmid = self.segment()

        def drop():
            m = shm.memory(shmid)
            m.attach()
            m.write('for C')
            address = m.addr
            del m
            gc.collect()
            return ctypes.string_at(address, 5), shm.memory(shmid).nattch

        self.assertEqual(self.forked(drop), (b'for C', 1))

    def test_q21_objects_are_true_and_nothing_else(self):
        for o, remove in ((self.memory(), lambda o: shm.remove_memory(o.shmid)),
                          (self.semaphore(), lambda o: shm.remove_semaphore(o.semid))):
            for state in ('alive', 'removed'):
                self.assertTrue(o and bool(o), state)
                self.assertEqual({o: 1}[o], 1)
                self.assertTrue(o == o and not o != o)
                self.assertFalse(hasattr(type(o), '__len__') or hasattr(type(o), '__bool__')
                                 or hasattr(type(o), '__nonzero__'))
                if state == 'alive':
                    remove(o)

    def test_q22_truth_values_are_integers(self):
        m, s = self.memory(), self.semaphore()
        shown = [repr(v) for v in (m.attached, shm.memory_haskey(m.key), shm.memory_haskey(0),
                                   shm.semaphore_haskey(s.key), s.blocking, s.undo)]
        self.assertEqual(shown, ['0', '1', '0', '1', '1', '0'])
        m.attach()
        self.assertEqual('%r' % m.attached, '1')

    def test_q23_one_0x_in_the_repr(self):
        m = self.attached(50)
        self.assertTrue(re.match(r'<attached R/W shared memory object, id=\d+, size=50, '
                                 r'addr=0x[0-9a-f]+>$', repr(m)), repr(m))
        self.assertEqual(int(repr(m)[:-1].split('addr=')[1], 16), m.addr)

    def test_q24_ftok_raises(self):
        self.error(table.ENOENT, shm.ftok, '/nonexistent', 1)
        with tempfile.NamedTemporaryFile() as file:
            self.error((20, 'Not a directory'), shm.ftok, file.name + '/x', 1)

    def test_q25_permissions_above_0777_are_refused(self):
        key = self.key()
        for perm in (0o1000, 0o1666, 0o10666, 0o4000, -1):
            self.error(table.EINVAL, shm.create_memory, key, 10, perm)
            self.error(table.EINVAL, shm.create_semaphore, key, 1, perm)
            self.error(table.EINVAL, shm_wrapper.create_memory, 10, perm)
            self.error(table.EINVAL, shm_wrapper.create_semaphore, 1, perm)
        self.assertEqual((shm.memory_haskey(key), shm.semaphore_haskey(key)), (0, 0))

    def test_q26_after_a_handler(self):
        """Retried on Python 3, error 4 on 2.7, the other one when chosen."""
        for eintr in (None, False, True):
            fails = not PY3 if eintr is None else eintr
            s, seen = self.semaphore(0), self.semaphore(0)

            def body():
                signal.signal(signal.SIGUSR1, lambda *ignored: seen.V())
                shm.options(eintr=eintr)
                if fails:
                    self.error(table.EINTR, s.P)
                else:
                    s.P()
                return seen.val

            child = self.child(body)
            self.until(lambda: s.ncnt == 1)
            child.kill(signal.SIGUSR1)
            self.until(lambda: seen.val == 1)
            if not fails:
                self.until(lambda: s.ncnt == 1)
                s.V()
            self.assertEqual(child.result(), 1)

    def test_q27_waiting_releases_the_gil(self):
        s = self.semaphore(0)
        worker = self.worker(s.P)
        self.until(lambda: s.ncnt == 1)
        self.assertTrue(worker.is_alive())
        s.V()
        self.assertEqual(worker.outcome(), ('returned', None))

    def test_q28_the_fill_is_spaces(self):
        handle = self.handle(160)
        self.assertEqual(handle.read(), b' ' * 160)
        self.assertEqual(handle.read().strip(), b'')

    def test_q29_nothing_asked_is_the_rest(self):
        handle = self.handle(10, 0o666, 'x')
        handle.write('0123456789')
        for nothing in (0, None):
            self.assertEqual(handle.read(nothing), b'0123456789')
            self.assertEqual(handle.read(nothing, 6), b'6789')
            self.assertEqual(handle.read(nothing, 10), b'')
            self.error(table.READ_LIMITS, handle.read, nothing, 11)

    def test_q30_value_can_be_set(self):
        handle = self.semaphore_handle()
        handle.value = 5
        self.assertEqual(shm.semaphore(shm.getsemid(handle.key)).val, 5)

    def test_q31_semaphores_have_permissions(self):
        handle = self.semaphore_handle(1, 0o640)
        self.assertEqual(handle.permissions, 0o640)
        handle.permissions = 0o600
        self.assertEqual(shm.semaphore(shm.getsemid(handle.key)).perm, 0o600)

    def test_q32_undo_can_be_read(self):
        handle = self.semaphore_handle()
        self.assertEqual(repr(handle.undo), '0')
        handle.undo = True
        handle.blocking = False
        self.assertEqual((repr(handle.undo), repr(handle.blocking)), ('1', '0'))

    def test_q33_read_only_properties_say_so(self):
        for handle in (self.handle(10), self.semaphore_handle()):
            for name in ('key', 'creator_uid', 'creator_gid', 'last_pid'):
                e = self.fails(AttributeError, None, setattr, handle, name, 1)
                self.assertGreater(len(str(e)), 5)

    def test_q34_keywords(self):
        m = shm.create_memory(key=self.key(), size=10, perm=0o640)
        m.attach(address=0, how=0)
        m.write(data='abc', offset=1)
        self.assertEqual((m.read(nbytes=3, offset=1), m.perm), (b'abc', 0o640))
        self.assertEqual(shm.getshmid(key=m.key), m.shmid)
        m.detach()

    def test_q35_write_of_unicode(self):
        m = self.attached()
        m.write(u'ascii')
        self.assertEqual(m.read(5), b'ascii')
        self.fails(UnicodeEncodeError, None, m.write, u'\u20ac')
        if PY3:
            m.write(u'\xe9')
            self.assertEqual(bytes(m.read(1)), b'\xe9')
        else:
            self.fails(UnicodeEncodeError, None, m.write, u'\xe9')

    def test_q36_everything_like_bytes_can_be_written(self):
        m = self.attached()
        for data in (b'1234', bytearray(b'1234'), memoryview(b'1234'), array.array('b', b'1234'),
                     ctypes.create_string_buffer(b'123'), (ctypes.c_byte * 4)(1, 2, 3, 4)):
            m.write(b'\xff' * 4)
            m.write(data)
            self.assertEqual(bytes(bytearray(m.read(4))), bytes(bytearray(data)))

    def test_q37_keys_come_from_a_generator_of_their_own(self):
        def keys():
            random.seed(1)
            before = random.getstate()
            made = shm_wrapper.create_memory(5), shm_wrapper.create_semaphore()
            found = made[0].key, made[1].key
            for handle in made:
                handle.remove()
            return found, random.getstate() == before

        children = [self.child(keys) for _ in range(2)]
        first, second = [child.result() for child in children]
        self.assertEqual((first[1], second[1]), (True, True))
        self.assertEqual(len(set(first[0] + second[0])), 4)

    def test_q38_no_sem_a_and_sem_r(self):
        self.assertFalse(hasattr(shm, 'SEM_A') or hasattr(shm, 'SEM_R'))

    def test_q52_the_package_needs_no_module_named_shm(self):
        folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, folder)
        for name in ('shm', 'shm_wrapper', 'SHMArrays'):
            with open(os.path.join(folder, name + '.py'), 'w') as module:
                module.write('foreign = True\n')
        status, out, err = self.program('''
import sys
import libshm
print([n for n in ("shm", "shm_wrapper", "SHMArrays") if n in sys.modules])
sys.path.insert(0, sys.argv[1])
import shm, shm_wrapper, SHMArrays
print(shm.foreign and shm_wrapper.foreign and SHMArrays.foreign)
''', folder)
        self.assertEqual((status, out.splitlines(), err), (0, ['[]', 'True'], ''))


def shutil_which(name):
    """shutil.which, which 2.7 lacks."""
    return any(os.access(os.path.join(folder, name), os.X_OK)
               for folder in os.environ.get('PATH', '').split(os.pathsep))


if __name__ == '__main__':
    unittest.main()
