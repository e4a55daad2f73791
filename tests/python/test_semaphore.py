"""Semaphores, processes, threads and signals: sections 4 and 6 of doc/legacy.md."""
import gc
import os
import signal
import threading
import time
import unittest

import shm

import legacy_table as table
import world
from world import PY3, clock


class Members(world.Case):
    """L4.2: members, and the effect of the methods."""

    def test_counts_down_and_up_L4_2(self):
        s = self.semaphore(2)
        s.P()
        self.assertEqual(s.val, 1)
        s.P()
        self.assertEqual(s.val, 0)
        s.Z()
        self.assertEqual(s.val, 0)
        s.V()
        s.V()
        s.V()
        self.assertEqual(s.val, 3)

    def test_lpid_L4_2(self):
        s = self.semaphore(5)
        semid = s.semid
        self.assertEqual(s.lpid, os.getpid())
        child = self.child(lambda: shm.semaphore(semid).P())
        child.result()
        self.assertEqual((s.lpid, s.val), (child.pid, 4))
        s.V()
        self.assertEqual(s.lpid, os.getpid())

    def test_waiting_is_counted_L4_2(self):
        s = self.semaphore(0)
        workers = [self.worker(s.P)]
        self.until(lambda: s.ncnt == 1)
        workers.append(self.worker(s.P))
        self.until(lambda: s.ncnt == 2)
        self.assertEqual(s.zcnt, 0)
        s.V()
        s.V()
        self.assertEqual([w.outcome() for w in workers], [('returned', None)] * 2)
        self.assertEqual((s.val, s.ncnt, s.zcnt), (0, 0, 0))

    def test_waiting_for_zero_is_counted_L4_2(self):
        s = self.semaphore(1)
        worker = self.worker(s.Z)
        self.until(lambda: s.zcnt == 1)
        self.assertEqual(s.ncnt, 0)
        s.P()
        self.assertEqual(worker.outcome(), ('returned', None))
        self.assertEqual((s.val, s.zcnt), (0, 0))

    def test_v_at_the_top_L4_2(self):
        s = self.semaphore(32767)
        self.error(table.ERANGE, s.V)
        self.assertEqual(s.val, 32767)

    def test_setval_L4_2(self):
        s = self.semaphore()
        for value in (0, 32767, 5):
            s.setval(value)
            self.assertEqual(s.val, value)
        for value in (-1, 32768, 2 ** 31 - 1, -2 ** 31):
            self.error(table.ERANGE, s.setval, value)
        self.assertEqual(s.val, 5)

    def test_setval_wakes_L4_2(self):
        s = self.semaphore(0)
        workers = [self.worker(s.P) for _ in range(3)]
        self.until(lambda: s.ncnt == 3)
        s.setval(3)
        self.assertEqual([w.outcome() for w in workers], [('returned', None)] * 3)
        self.assertEqual(s.val, 0)

    def test_setval_wakes_who_waits_for_zero_L4_2(self):
        s = self.semaphore(9)
        worker = self.worker(s.Z)
        self.until(lambda: s.zcnt == 1)
        s.setval(0)
        self.assertEqual(worker.outcome(), ('returned', None))

    def test_no_creator_pid_L4_2(self):
        self.fails(AttributeError, ('cpid',), getattr, self.semaphore(), 'cpid')

    def test_undo_member(self):
        s = self.semaphore()
        self.assertEqual(s.undo, 0)
        s.setundo(5)
        self.assertEqual(s.undo, 1)
        s.setundo(0)
        self.assertEqual(s.undo, 0)

    def test_repr_L4_9(self):
        s = self.semaphore(3)
        for text in (repr, str):
            self.assertEqual(text(s), '<semaphore object, id=%d, val=3, ncnt=0, zcnt=0, '
                             'blocking=1>' % s.semid)
        s.setblocking(0)
        self.assertEqual(repr(s), '<semaphore object, id=%d, val=3, ncnt=0, zcnt=0, blocking=0>'
                         % s.semid)

    def test_repr_counts_L4_9(self):
        s = self.semaphore(0)
        worker = self.worker(s.P)
        self.until(lambda: s.ncnt == 1)
        self.assertIn('val=0, ncnt=1, zcnt=0,', repr(s))
        s.V()
        worker.outcome()

    def test_flags_take_integers_only_L4_3(self):
        s = self.semaphore()
        for value in (None, '1', '', 1.0, []):
            self.fails(TypeError, None, s.setblocking, value)
            self.fails(TypeError, None, s.setundo, value)
        self.assertEqual((s.blocking, s.undo), (1, 0))
        for value, flag in ((True, 1), (False, 0), (-7, 1), (0, 0), (2, 1)):
            s.setblocking(value)
            s.setundo(value)
            self.assertEqual((s.blocking, s.undo), (flag, flag))


class Blocking(world.Case):
    """L4.4, L4.5."""

    def test_refusal_L4_4(self):
        s = self.semaphore(0)
        s.setblocking(0)
        self.error(table.EAGAIN, s.P)
        self.assertEqual(s.val, 0)
        s.Z()
        s.V()
        self.error(table.EAGAIN, s.Z)
        s.P()
        self.assertEqual(s.val, 0)

    def test_of_the_process_only_L4_5(self):
        s = self.semaphore(0)
        semid = s.semid
        s.setblocking(0)
        s.setundo(1)

        def look():
            other = shm.semaphore(semid)
            inherited = other is s, other.blocking, other.undo
            other.setblocking(1)
            other.setundo(0)
            return inherited

        self.assertEqual(self.forked(look), (True, 0, 1))
        self.assertEqual((s.blocking, s.undo), (0, 1))

    def test_new_process_starts_anew_L4_5(self):
        s = self.semaphore(0)
        s.setblocking(0)
        s.setundo(1)
        status, out, err = self.program(
            'import shm, sys; s = shm.semaphore(shm.getsemid(int(sys.argv[1])));'
            'print((s.blocking, s.undo))', s.key)
        self.assertEqual((status, out.strip(), err), (0, '(1, 0)', ''))

    def test_who_waits_goes_on_waiting_L4_5(self):
        s = self.semaphore(0)
        worker = self.worker(s.P)
        self.until(lambda: s.ncnt == 1)
        s.setblocking(0)
        end = clock() + 0.15
        while clock() < end:
            self.assertEqual(s.ncnt, 1)
        self.error(table.EAGAIN, s.P)
        s.V()
        self.assertEqual(worker.outcome(), ('returned', None))


class Timeout(world.Case):
    """timeout= of P and Z (section 12)."""

    def test_no_time(self):
        s = self.semaphore(1)
        self.assertIsNone(s.P(timeout=0))
        self.error(table.EAGAIN, s.P, timeout=0)
        self.error(table.EAGAIN, s.P, timeout=0.0)
        self.assertIsNone(s.Z(timeout=0))
        s.V()
        self.error(table.EAGAIN, s.Z, timeout=0)
        self.assertEqual(s.val, 1)

    def test_expires(self):
        s = self.semaphore(0)
        for call, value in ((s.P, 0), (s.Z, 1)):
            s.setval(value)
            for seconds in (0.05, 0.2):
                begin = clock()
                self.error(table.EAGAIN, call, timeout=seconds)
                self.assertGreater(clock() - begin, seconds * 0.95)
        self.assertEqual((s.val, s.ncnt, s.zcnt), (1, 0, 0))

    def test_whole_seconds(self):
        s = self.semaphore(0)
        begin = clock()
        self.error(table.EAGAIN, s.P, timeout=1)
        self.assertGreater(clock() - begin, 0.95)

    def test_shorter_than_a_millisecond_is_a_wait(self):
        self.error(table.EAGAIN, self.semaphore(0).P, timeout=0.0001)

    def test_success_in_time(self):
        s = self.semaphore(0)
        worker = self.worker(s.P, timeout=world.DEADLINE)
        self.until(lambda: s.ncnt == 1)
        s.V()
        self.assertEqual(worker.outcome(), ('returned', None))
        s.V()
        worker = self.worker(lambda: s.Z(timeout=float(world.DEADLINE)))
        self.until(lambda: s.zcnt == 1)
        s.P()
        self.assertEqual(worker.outcome(), ('returned', None))

    def test_none_waits(self):
        s = self.semaphore(0)
        worker = self.worker(s.P, timeout=None)
        self.until(lambda: s.ncnt == 1)
        s.V()
        self.assertEqual(worker.outcome(), ('returned', None))

    def test_wrong_values(self):
        s = self.semaphore(1)
        for call in (s.P, s.Z):
            for value in (-1, -0.001, float('-inf')):
                self.fails(ValueError, None, call, timeout=value)
            for value in ('1', [], object()):
                self.fails(TypeError, None, call, timeout=value)
        self.assertEqual(s.val, 1)

    def test_does_not_wait_when_not_blocking_L4_4(self):
        s = self.semaphore(0)
        s.setblocking(0)
        begin = clock()
        self.error(table.EAGAIN, s.P, timeout=world.DEADLINE)
        self.assertLess(clock() - begin, world.DEADLINE / 2.0)

    def test_removed_while_waiting_L4_7(self):
        s = self.semaphore(0)
        worker = self.worker(s.P, timeout=world.DEADLINE)
        self.until(lambda: s.ncnt == 1)
        shm.remove_semaphore(s.semid)
        self.assertEqual(worker.outcome(), ('raised', 'error', table.EIDRM))


class Removal(world.Case):
    """L4.1, L4.7."""

    def test_every_access_fails_L4_1(self):
        s = self.semaphore()
        key = s.key
        shm.remove_semaphore(s.semid)
        self._dead(s)
        other = shm.create_semaphore(key)
        self._dead(s)
        self.assertIsNot(other, s)
        self.assertEqual(other.val, 1)

    def test_private_too_L4_1(self):
        s = self.private_semaphore()
        s.P()
        shm.remove_semaphore(s.semid)
        self._dead(s)

    def _dead(self, s):
        calls = [lambda n=n: getattr(s, n) for n in table.SEMAPHORE_MEMBERS + ['undo', 'unknown']]
        calls += [s.P, s.V, s.Z, lambda: s.P(timeout=0), lambda: s.setval(1),
                  lambda: s.setblocking(1), lambda: s.setundo(1), lambda: s.setperm(0o600),
                  lambda: s.setuid(0), lambda: s.setgid(0), lambda: repr(s), lambda: str(s)]
        self.each([(c,) for c in calls], lambda c: self.error(table.SEMAPHORE_GONE, c))

    def test_waiters_L4_7_L6_3(self):
        s = self.semaphore(0)
        workers = [self.worker(s.P) for _ in range(4)]
        self.until(lambda: s.ncnt == 4)
        shm.remove_semaphore(s.semid)
        self.assertEqual([w.outcome() for w in workers], [('raised', 'error', table.EIDRM)] * 4)
        self.error(table.SEMAPHORE_GONE, s.P)

    def test_who_waits_for_zero_L4_7(self):
        s = self.semaphore(1)
        worker = self.worker(s.Z)
        self.until(lambda: s.zcnt == 1)
        shm.remove_semaphore(s.semid)
        self.assertEqual(worker.outcome(), ('raised', 'error', table.EIDRM))

    def test_waiting_process_L4_7(self):
        s = self.semaphore(0)

        def wait():
            self.error(table.EIDRM, s.P)
            self.error(table.SEMAPHORE_GONE, s.P)
            return True

        child = self.child(wait)
        self.until(lambda: s.ncnt == 1)
        shm.remove_semaphore(s.semid)
        self.assertTrue(child.result())

    @world.needs_root
    def test_of_another_user_L4_7(self):
        readable, unreadable = self.foreign_semaphore(0, 0o644), self.foreign_semaphore(1, 0o622)

        def use():
            s = shm.semaphore(shm.getsemid(readable))
            self.error(table.EACCES, s.P, timeout=0)
            self.error(table.EACCES, s.V)
            self.error(table.EACCES, s.setval, 1)
            s.Z()
            self.error(table.SEMAPHORE_GONE, shm.semaphore, shm.getsemid(unreadable))
            return s.val

        self.assertEqual(self.as_nobody(use), 0)
        self.assertEqual(shm.semaphore(shm.getsemid(readable)).val, 0)

    @world.needs_root
    def test_permission_taken_away_L4_7(self):
        key = self.foreign_semaphore(1, 0o666)
        go, semid = self.semaphore(0), shm.getsemid(key)

        def use():
            s = shm.semaphore(semid)
            go.P()
            self.error(table.SEMAPHORE_GONE, s.P)
            self.error(table.SEMAPHORE_GONE, getattr, s, 'val')
            return True

        def start():
            world.become_nobody()
            return use()

        child = self.child(start)
        self.until(lambda: go.ncnt == 1)
        shm.semaphore(semid).setperm(0o600)
        go.V()
        self.assertTrue(child.result())


class Undo(world.Case):
    """L4.6: what a process leaves behind when it dies."""

    def _killed(self, prepare, *semaphores):
        """A child takes one of each and waits; then it is killed."""
        gate = self.semaphore(0)

        def take():
            prepare()
            for s in semaphores:
                s.P()
            gate.P()

        child = self.child(take)
        self.until(lambda: gate.ncnt == 1)
        return child

    def test_after_a_kill_L4_6(self):
        kept, lost = self.semaphore(1), self.semaphore(1)
        child = self._killed(lambda: kept.setundo(1), lost, kept)
        self.assertEqual((kept.val, lost.val), (0, 0))
        child.kill(signal.SIGKILL)
        child.wait()
        self.until(lambda: kept.val == 1, 'the unit taken with undo')
        self.assertEqual(lost.val, 0)

    def test_after_an_exit_L4_6(self):
        s = self.semaphore(3)

        def take():
            s.setundo(1)
            s.P()
            s.P()
            return s.val

        self.assertEqual(self.forked(take), 1)
        self.until(lambda: s.val == 3)

    def test_v_is_undone_too_L4_2(self):
        s = self.semaphore(0)

        def give():
            s.setundo(1)
            s.V()
            s.setundo(0)
            s.V()
            return s.val

        self.assertEqual(self.forked(give), 2)
        self.until(lambda: s.val == 1)

    def test_who_waits_is_woken_L4_6(self):
        s = self.semaphore(1)
        child = self._killed(lambda: s.setundo(1), s)
        worker = self.worker(s.P)
        self.until(lambda: s.ncnt == 1)
        child.kill(signal.SIGKILL)
        self.assertEqual(worker.outcome(), ('returned', None))
        self.assertEqual(s.val, 0)

    def test_setval_cancels_L4_2(self):
        s, witness = self.semaphore(1), self.semaphore(1)

        def both():
            s.setundo(1)
            witness.setundo(1)

        child = self._killed(both, s, witness)
        s.setval(7)
        child.kill(signal.SIGKILL)
        child.wait()
        self.until(lambda: witness.val == 1)
        self.assertEqual(s.val, 7)

    def test_flag_off_L4_6(self):
        s, witness = self.semaphore(1), self.semaphore(1)

        def prepare():
            s.setundo(1)
            s.setundo(0)
            witness.setundo(1)

        child = self._killed(prepare, s, witness)
        child.kill(signal.SIGKILL)
        child.wait()
        self.until(lambda: witness.val == 1)
        self.assertEqual(s.val, 0)

    def test_not_by_the_end_of_a_thread_L4_6(self):
        s = self.semaphore(1)
        s.setundo(1)
        worker = self.worker(s.P)
        self.assertEqual(worker.outcome(), ('returned', None))
        worker.join()
        self.assertEqual(s.val, 0)
        s.V()


class Fork(world.Case):
    """L6.1."""

    def test_inherits_everything_L6_1(self):
        m, s = self.attached(), self.semaphore(1)
        s.setblocking(0)
        m.write('parent')
        address = m.addr

        def look():
            m.write('child!')
            return (m.attached, m.addr == address, m.nattch, s.blocking,
                    shm.memory(m.shmid) is m)

        self.assertEqual(self.forked(look), (1, True, 2, 0, True))
        self.assertEqual(m.read(6), b'child!')
        self.until(lambda: m.nattch == 1)

    def test_detach_of_the_child_L6_1(self):
        m, gate = self.attached(), self.semaphore(0)
        m.write('kept')

        def detach():
            gate.P()
            m.detach()
            found = m.attached
            gate.P()
            return found

        child = self.child(detach)
        self.until(lambda: gate.ncnt == 1)
        self.assertEqual(m.nattch, 2)
        gate.V()
        self.until(lambda: m.nattch == 1)
        self.until(lambda: gate.ncnt == 1 and m.lpid == child.pid)
        self.assertEqual((m.attached, m.read(4)), (1, b'kept'))
        gate.V()
        self.assertEqual(child.result(), 0)
        self.assertEqual((m.attached, m.read(4), m.nattch), (1, b'kept', 1))

    def test_child_keeps_it_when_the_parent_detaches_L6_1(self):
        m, gate = self.attached(), self.semaphore(0)
        m.write('kept')

        def read():
            gate.P()
            return bytes(m.read(4)), m.nattch

        child = self.child(read)
        self.until(lambda: gate.ncnt == 1)
        m.detach()
        gate.V()
        self.assertEqual(child.result(), (b'kept', 1))
        self.until(lambda: m.nattch == 0)

    def test_processes_exclude_each_other(self):
        m, s = self.attached(8), self.semaphore(1)
        m.write('%08d' % 0)

        def add():
            for _ in range(100):
                s.P()
                m.write('%08d' % (int(m.read(8)) + 1))
                s.V()

        children = [self.child(add) for _ in range(4)]
        for child in children:
            child.result()
        self.assertEqual(m.read(8), b'00000400')
        self.assertEqual(s.val, 1)


class Threads(world.Case):
    """L6.3, Q27."""

    def test_eight_threads_exclude_each_other_L6_3(self):
        s, count = self.semaphore(1), [0]

        def add():
            for _ in range(100):
                s.P()
                before = count[0]
                time.sleep(0)
                count[0] = before + 1
                s.V()

        workers = [self.worker(add) for _ in range(8)]
        self.assertEqual([w.outcome() for w in workers], [('returned', None)] * 8)
        self.assertEqual((count[0], s.val, s.ncnt), (800, 1, 0))

    def test_eight_threads_wait_on_one_object_L6_3(self):
        s = self.semaphore(0)
        workers = [self.worker(s.P) for _ in range(8)]
        self.until(lambda: s.ncnt == 8)
        for _ in range(8):
            s.V()
        self.assertEqual([w.outcome() for w in workers], [('returned', None)] * 8)
        self.assertEqual(s.val, 0)

    def test_eight_threads_read_and_write_one_memory(self):
        m = self.attached(8 * 64)

        def use(n):
            for turn in range(200):
                data = bytes(bytearray([n * 16 + turn % 16])) * 64
                m.write(data, 64 * n)
                if m.read(64, 64 * n) != data:
                    return 'mixed'
                if (m.attached, m.size) != (1, 512):
                    return 'wrong members'

        workers = [self.worker(use, n) for n in range(8)]
        self.assertEqual([w.outcome() for w in workers], [('returned', None)] * 8)

    def test_eight_threads_attach_at_once_L13_11(self):
        m, begin = self.memory(), threading.Event()

        def attach():
            begin.wait()
            m.attach()
            return m.addr

        workers = [self.worker(attach) for _ in range(8)]
        begin.set()
        results = set(w.outcome() for w in workers)
        self.assertEqual(results, {('returned', m.addr)})
        self.assertEqual(m.nattch, 1)

    def test_eight_threads_look_up_L2_2_20(self):
        shmid, begin = self.segment(), threading.Event()

        def look():
            begin.wait()
            for _ in range(200):
                first, second = shm.memory(shmid), shm.memory(shmid)
                if first is not second or first.shmid != shmid:
                    return 'different objects'

        workers = [self.worker(look) for _ in range(8)]
        begin.set()
        self.assertEqual([w.outcome() for w in workers], [('returned', None)] * 8)

    def test_the_gil_is_released_L6_3_Q27(self):
        p, z = self.semaphore(0), self.semaphore(1)
        workers = [self.worker(p.P), self.worker(z.Z), self.worker(p.P, timeout=world.DEADLINE)]
        self.until(lambda: p.ncnt == 2 and z.zcnt == 1)
        p.V()
        p.V()
        z.P()
        self.assertEqual([w.outcome() for w in workers], [('returned', None)] * 3)

    def test_waiting_keeps_the_object_alive_L6_3(self):
        s = self.semaphore(0)
        s.setundo(1)
        semid = s.semid
        worker = self.worker(lambda: shm.semaphore(semid).P())
        self.until(lambda: shm.semaphore(semid).ncnt == 1)
        del s
        gc.collect()
        self.assertEqual(shm.semaphore(semid).undo, 1)
        shm.semaphore(semid).V()
        self.assertEqual(worker.outcome(), ('returned', None))
        gc.collect()
        self.assertEqual(shm.semaphore(semid).undo, 0)


def note(semaphore):
    """A handler that gives a unit and returns."""
    return lambda *ignored: semaphore.V()


class Signals(world.Case):
    """L6.4 to L6.6, Q26. The signals come from another process."""

    def _interrupted(self, wait):
        """Ctrl-C while wait(s) waits; the semaphore must be unchanged."""
        s = self.semaphore(0)

        def body():
            signal.signal(signal.SIGINT, signal.default_int_handler)
            self.fails(KeyboardInterrupt, None, wait, s)
            return True

        child = self.child(body)
        self.until(lambda: s.ncnt == 1)
        child.kill(signal.SIGINT)
        self.assertTrue(child.result())
        self.assertEqual((s.val, s.ncnt), (0, 0))

    def test_keyboard_interrupt_L6_4(self):
        self._interrupted(lambda s: s.P())

    def test_keyboard_interrupt_of_a_timed_P_L6_4(self):
        self._interrupted(lambda s: s.P(timeout=world.DEADLINE))

    def test_keyboard_interrupt_whatever_eintr_says_L6_4(self):
        for eintr in (True, False):
            self._interrupted(lambda s: (shm.options(eintr=eintr), s.P()))

    def test_keyboard_interrupt_of_Z_L6_4(self):
        s = self.semaphore(1)

        def body():
            signal.signal(signal.SIGINT, signal.default_int_handler)
            self.fails(KeyboardInterrupt, None, s.Z)
            return True

        child = self.child(body)
        self.until(lambda: s.zcnt == 1)
        child.kill(signal.SIGINT)
        self.assertTrue(child.result())
        self.assertEqual((s.val, s.zcnt), (1, 0))

    def test_keyboard_interrupt_beside_threads_L6_4_L6_6(self):
        s, other = self.semaphore(0), self.semaphore(0)

        def body():
            signal.signal(signal.SIGINT, signal.default_int_handler)
            worker = self.worker(other.P)
            self.fails(KeyboardInterrupt, None, s.P)
            # The system may have chosen the worker for the signal: then it begins to wait again.
            self.until(lambda: other.ncnt == 1)
            other.V()
            return worker.outcome()

        child = self.child(body)
        self.until(lambda: s.ncnt == 1 and other.ncnt == 1)
        child.kill(signal.SIGINT)
        self.assertEqual(child.result(), ('returned', None))

    def test_keyboard_interrupt_beside_an_idle_thread_L6_4(self):
        s, over = self.semaphore(0), threading.Event()

        def body():
            signal.signal(signal.SIGINT, signal.default_int_handler)
            worker = self.worker(over.wait, world.DEADLINE)
            self.fails(KeyboardInterrupt, None, s.P)
            over.set()
            return worker.outcome()

        child = self.child(body)
        self.until(lambda: s.ncnt == 1)
        child.kill(signal.SIGINT)
        self.assertEqual(child.result(), ('returned', True))

    def test_a_worker_goes_on_waiting_L6_6(self):
        s, ready = self.semaphore(0), self.semaphore(0)

        def body():
            signal.signal(signal.SIGINT, signal.default_int_handler)
            worker = self.worker(s.P)
            try:
                ready.V()
                while True:
                    time.sleep(0.01)
            except KeyboardInterrupt:
                pass
            self.until(lambda: s.ncnt == 1)
            alive = worker.is_alive()
            s.V()
            return alive, worker.outcome()

        child = self.child(body)
        self.until(lambda: s.ncnt == 1 and ready.val == 1)
        child.kill(signal.SIGINT)
        self.assertEqual(child.result(), (True, ('returned', None)))

    def _retried(self, prepare, wait, value=0):
        """A handler runs and returns; then wait(s) waits again, until it may go on."""
        s, seen = self.semaphore(value), self.semaphore(0)
        waiting = (lambda: s.zcnt == 1) if value else (lambda: s.ncnt == 1)

        def body():
            signal.signal(signal.SIGUSR1, note(seen))
            prepare()
            return wait(s)

        child = self.child(body)
        for turn in (1, 2, 3):
            self.until(waiting)
            child.kill(signal.SIGUSR1)
            self.until(lambda: seen.val == turn, 'the handler')
        self.until(waiting)
        (s.P if value else s.V)()
        self.assertIsNone(child.result())
        self.assertEqual(s.val, 0)

    def _not_retried(self, prepare, wait, value=0):
        """A handler runs and returns; then wait(s) fails."""
        s, seen = self.semaphore(value), self.semaphore(0)

        def body():
            signal.signal(signal.SIGUSR1, note(seen))
            prepare()
            self.error(table.EINTR, wait, s)
            return seen.val

        child = self.child(body)
        self.until(lambda: s.ncnt + s.zcnt == 1)
        child.kill(signal.SIGUSR1)
        self.assertEqual(child.result(), 1)
        self.assertEqual((s.val, s.ncnt, s.zcnt), (value, 0, 0))

    def _both(self, check):
        check(lambda s: s.P())
        check(lambda s: s.P(timeout=world.DEADLINE))
        check(lambda s: s.Z(), 1)

    @unittest.skipUnless(PY3, 'the default of Python 3')
    def test_retried_by_default_Q26(self):
        self._both(lambda *a: self._retried(lambda: None, *a))

    @unittest.skipIf(PY3, 'the default of Python 2')
    def test_not_retried_by_default_L6_5(self):
        self._both(lambda *a: self._not_retried(lambda: None, *a))

    def test_retried_when_chosen_Q26(self):
        self._both(lambda *a: self._retried(lambda: shm.options(eintr=False), *a))

    def test_not_retried_when_chosen_L6_5_Q26(self):
        self._both(lambda *a: self._not_retried(lambda: shm.options(eintr=True), *a))

    def test_siginterrupt_does_not_matter_L6_5(self):
        def prepare():
            signal.siginterrupt(signal.SIGUSR1, False)
            shm.options(eintr=True)

        self._not_retried(prepare, lambda s: s.P())

    def test_handler_that_raises_L6_5(self):
        s = self.semaphore(0)

        def handler(*ignored):
            raise ZeroDivisionError('of the handler')

        def body():
            signal.signal(signal.SIGUSR1, handler)
            self.fails(ZeroDivisionError, ('of the handler',), s.P)
            return True

        for eintr in (False, True):
            shm.options(eintr=eintr)
            child = self.child(body)
            self.until(lambda: s.ncnt == 1)
            child.kill(signal.SIGUSR1)
            self.assertTrue(child.result())
            self.assertEqual((s.val, s.ncnt), (0, 0))

    def test_alarm_as_a_time_out_Q26(self):
        """The idiom of scripts for Python 2, with the switch on."""
        s = self.semaphore(0)

        def body():
            shm.options(eintr=True)
            signal.signal(signal.SIGALRM, lambda *ignored: None)
            signal.setitimer(signal.ITIMER_REAL, 0.05, 0.05)
            self.error(table.EINTR, s.P)
            return True

        self.assertTrue(self.forked(body))

    def test_time_goes_on_over_retries_Q26(self):
        """A wait that signals interrupt again and again still ends in time."""
        s = self.semaphore(0)

        def body():
            shm.options(eintr=False)
            ran = []
            signal.signal(signal.SIGALRM, lambda *ignored: ran.append(1))
            signal.setitimer(signal.ITIMER_REAL, 0.02, 0.02)
            begin = clock()
            self.error(table.EAGAIN, s.P, timeout=0.3)
            took = clock() - begin
            signal.setitimer(signal.ITIMER_REAL, 0)
            return len(ran) > 0, took > 0.28

        self.assertEqual(self.forked(body), (True, True))

    def test_ignored_signal_does_not_disturb_L6_5(self):
        s, seen = self.semaphore(0), self.semaphore(0)

        def body():
            shm.options(eintr=True)
            signal.signal(signal.SIGUSR2, signal.SIG_IGN)
            signal.signal(signal.SIGUSR1, note(seen))
            self.error(table.EINTR, s.P)
            return seen.val

        child = self.child(body)
        self.until(lambda: s.ncnt == 1)
        child.kill(signal.SIGUSR2)
        self.assertEqual((s.ncnt, seen.val), (1, 0))
        child.kill(signal.SIGUSR1)
        self.assertEqual(child.result(), 1)

    def test_killed_while_waiting_leaves_nothing(self):
        s = self.semaphore(0)
        child = self.child(s.P)
        self.until(lambda: s.ncnt == 1)
        child.kill(signal.SIGKILL)
        child.wait()
        self.until(lambda: s.ncnt == 0)
        s.V()
        s.setblocking(0)
        self.assertIsNone(s.P())


if __name__ == '__main__':
    unittest.main()
