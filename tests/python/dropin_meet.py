"""What tests/dropin/meet_kernel has made, under its key: the segment is emptied and filled again."""

import shm

KEY = 0x5E57D004
TEXT = b"first\0"

memory = shm.memory(shm.getshmid(KEY))
memory.attach()
assert memory.size == 5000, memory.size
assert memory.read(len(TEXT)) == TEXT
memory.write(b"\0" * len(TEXT))
memory.write(TEXT)
memory.detach()

semaphore = shm.semaphore(shm.getsemid(KEY))
assert semaphore.val == 0, semaphore.val
semaphore.V()
assert semaphore.val == 1, semaphore.val
semaphore.P()
