# The three kinds of System V IPC with the module sysv_ipc.
# usage: python3 sysv_client.py segments|semaphores|queues
import os
import sys
import time

import sysv_ipc

KEY = sysv_ipc.ftok(__file__, 9, True)


def in_child(work):
    pid = os.fork()
    if pid == 0:
        try:
            work()
        except BaseException as error:
            print("in a child: %r" % error, file=sys.stderr)
            os._exit(1)
        os._exit(0)
    return pid


def ended_well(pid):
    assert os.waitpid(pid, 0)[1] == 0


def until_true(condition):
    while not condition():
        time.sleep(0.01)


def raises(error, work, *arguments, **named):
    try:
        work(*arguments, **named)
    except error:
        return True
    return False


def segments():
    memory = sysv_ipc.SharedMemory(KEY, sysv_ipc.IPC_CREX, mode=0o600, size=5000)
    assert raises(sysv_ipc.ExistentialError, sysv_ipc.SharedMemory, KEY, sysv_ipc.IPC_CREX)
    memory.write(b"from the parent", 100)

    def child():
        told = sysv_ipc.attach(memory.id)
        assert told.read(15, 100) == b"from the parent"
        told.write(b"from the child", 200)
        assert memory.number_attached == 3
        told.detach()

    ended_well(in_child(child))
    assert memory.read(14, 200) == b"from the child"
    assert (memory.size, memory.number_attached, memory.mode) == (5000, 1, 0o600)
    assert memory.last_pid != 0 and memory.creator_pid == os.getpid()
    memory.mode = 0o640
    assert memory.mode == 0o640
    view = memoryview(memory)
    view[0:4] = b"view"
    assert memory.read(4) == b"view"
    view.release()
    memory.remove()
    memory.detach()
    assert raises(sysv_ipc.ExistentialError, sysv_ipc.SharedMemory, KEY)


def semaphores():
    semaphore = sysv_ipc.Semaphore(KEY, sysv_ipc.IPC_CREX, mode=0o600, initial_value=1)
    with semaphore:
        assert semaphore.value == 0
        assert raises(sysv_ipc.BusyError, semaphore.acquire, timeout=0)
        assert raises(sysv_ipc.BusyError, semaphore.acquire, timeout=0.05)
    semaphore.undo = True
    ended_well(in_child(semaphore.acquire))
    assert semaphore.value == 1
    semaphore.undo = False
    child = in_child(lambda: semaphore.acquire(delta=5))
    until_true(lambda: semaphore.waiting_for_nonzero == 1)
    semaphore.release(delta=4)
    ended_well(child)
    assert semaphore.value == 0 and semaphore.last_pid == child
    semaphore.value = 1
    child = in_child(semaphore.Z)
    until_true(lambda: semaphore.waiting_for_zero == 1)
    semaphore.P()
    ended_well(child)
    child = in_child(lambda: raises(sysv_ipc.ExistentialError, semaphore.P) or os._exit(2))
    until_true(lambda: semaphore.waiting_for_nonzero == 1)
    semaphore.remove()
    ended_well(child)


def queues():
    queue = sysv_ipc.MessageQueue(KEY, sysv_ipc.IPC_CREX, mode=0o600)

    def child():
        for _ in range(200):
            question, _type = queue.receive(type=1)
            queue.send(b"answer to " + question, type=2)

    pid = in_child(child)
    for number in range(200):
        queue.send(b"%d" % number, type=1)
        assert queue.receive(type=2) == (b"answer to %d" % number, 2)
    ended_well(pid)
    assert queue.last_send_pid == pid and queue.last_receive_pid == os.getpid()
    for number in 3, 1, 2:
        queue.send(b"x" * number, type=number)
    assert queue.current_messages == 3
    assert queue.receive(type=-2) == (b"x", 1)
    assert queue.receive() == (b"x" * 3, 3)
    assert queue.receive(block=False) == (b"x" * 2, 2)
    assert raises(sysv_ipc.BusyError, queue.receive, block=False)
    queue.max_size = 1000
    assert queue.max_size == 1000
    queue.send(b"x" * 1000)
    assert raises(sysv_ipc.BusyError, queue.send, b"x", False)
    queue.remove()
    assert raises(sysv_ipc.ExistentialError, sysv_ipc.MessageQueue, KEY)


{"segments": segments, "semaphores": semaphores, "queues": queues}[sys.argv[1]]()
