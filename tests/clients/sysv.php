<?php
// The three kinds of System V IPC with the extensions shmop, sysvshm, sysvsem and sysvmsg.
// usage: php sysv.php shmop|sysvshm|sysvsem|sysvmsg

set_error_handler(function ($severity, $text) {
    throw new ErrorException($text);
});

function is($got, $expected, $what)
{
    if ($got !== $expected) {
        fwrite(STDERR, "$what: got " . var_export($got, true) . ", expected " . var_export($expected, true) . "\n");
        exit(1);
    }
}

/* What a function throws. */
function complaint($work)
{
    try {
        $work();
    } catch (ErrorException $e) {
        return $e->getMessage();
    }
    return '';
}

function in_child($work)
{
    $pid = pcntl_fork();
    if ($pid === 0) {
        $work();
        exit(0);
    }
    return $pid;
}

function ended_well($pid)
{
    pcntl_waitpid($pid, $status);
    is($status, 0, "a child's status");
}

function shmop($key)
{
    $segment = shmop_open($key, 'n', 0600, 4000);
    is(shmop_size($segment), 4000, 'size');
    is(shmop_write($segment, 'from the parent', 100), 15, 'bytes written');
    ended_well(in_child(function () use ($key) {
        is(shmop_read(shmop_open($key, 'a', 0, 0), 100, 15), 'from the parent', "the child's text");
        shmop_write(shmop_open($key, 'w', 0, 0), 'from the child', 200);
    }));
    is(shmop_read($segment, 200, 14), 'from the child', "the parent's text");
    is(str_contains(complaint(fn() => shmop_open($key, 'n', 0600, 4000)), 'File exists'), true, 'a second one');
    is(shmop_delete($segment), true, 'the removal');
    is(str_contains(complaint(fn() => shmop_open($key, 'a', 0, 0)), 'No such file'), true, 'after the removal');
}

function sysvshm($key)
{
    $memory = shm_attach($key, 10000, 0600);
    shm_put_var($memory, 1, ['one', 2, 3.5]);
    ended_well(in_child(function () use ($key) {
        $memory = shm_attach($key);
        is(shm_get_var($memory, 1), ['one', 2, 3.5], "the child's value");
        shm_put_var($memory, 2, str_repeat('x', 5000));
        shm_detach($memory);
    }));
    is(shm_get_var($memory, 2), str_repeat('x', 5000), "the parent's value");
    is(shm_remove_var($memory, 1), true, 'a variable removed');
    is(shm_has_var($memory, 1), false, 'the removed variable');
    is(shm_remove($memory), true, 'the removal');
}

/* Children count in a segment, one at a time; the last dies with the semaphore, which is given back. */
function sysvsem($key)
{
    $semaphore = sem_get($key, 1, 0600);
    $segment = shmop_open($key, 'n', 0600, 8);
    shmop_write($segment, pack('q', 0), 0);
    $children = [];
    for ($i = 0; $i < 3; $i++) {
        $children[] = in_child(function () use ($semaphore, $segment) {
            for ($round = 0; $round < 200; $round++) {
                sem_acquire($semaphore);
                shmop_write($segment, pack('q', unpack('q', shmop_read($segment, 0, 8))[1] + 1), 0);
                sem_release($semaphore);
            }
        });
    }
    array_map('ended_well', $children);
    is(unpack('q', shmop_read($segment, 0, 8))[1], 600, 'the count');
    $child = in_child(function () use ($semaphore) {
        sem_acquire($semaphore);
        posix_kill(posix_getpid(), SIGKILL);
    });
    pcntl_waitpid($child, $status);
    is(sem_acquire($semaphore, true), true, 'what a killed process held');
    $child = in_child(fn() => is(sem_acquire($semaphore, true), false, 'a semaphore that is taken'));
    ended_well($child);
    is(sem_remove($semaphore), true, 'the removal');
    shmop_delete($segment);
}

function sysvmsg($key)
{
    $queue = msg_get_queue($key, 0600);
    $child = in_child(function () use ($queue) {
        for ($i = 0; $i < 100; $i++) {
            msg_receive($queue, 1, $type, 1000, $question);
            msg_send($queue, 2, ['answer to' => $question]);
        }
    });
    for ($i = 0; $i < 100; $i++) {
        msg_send($queue, 1, "question $i");
        msg_receive($queue, 2, $type, 1000, $answer);
        is($answer, ['answer to' => "question $i"], 'the answer');
    }
    ended_well($child);
    msg_send($queue, 7, 'raw', false);
    is(msg_stat_queue($queue)['msg_qnum'], 1, 'msg_qnum');
    msg_receive($queue, -9, $type, 1000, $text, false);
    is([$type, $text], [7, 'raw'], 'a message that is not serialized');
    is(msg_receive($queue, 0, $type, 9, $text, false, MSG_IPC_NOWAIT, $error), false, 'none left');
    is($error, MSG_ENOMSG, 'its error');
    is(msg_set_queue($queue, ['msg_qbytes' => 1000]), true, 'msg_set_queue');
    is(msg_stat_queue($queue)['msg_qbytes'], 1000, 'msg_qbytes');
    is(msg_queue_exists($key), true, 'the queue exists');
    is(msg_remove_queue($queue), true, 'the removal');
    is(msg_queue_exists($key), false, 'the queue after the removal');
}

$argv[1](ftok(__FILE__, 'p'));
