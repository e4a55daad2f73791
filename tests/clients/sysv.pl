# The three kinds of System V IPC with Perl's functions and the classes of IPC::SysV.
# usage: perl sysv.pl segments|semaphores|queues
use strict;
use warnings;
use Errno qw(EAGAIN EEXIST EIDRM EINVAL ENOENT ENOMSG);
use IPC::Msg;
use IPC::Semaphore;
use IPC::SharedMem;
use IPC::SysV qw(:all);

my $key = ftok($0, 7) // die "ftok: $!";

sub is {
    my ($got, $expected, $what) = @_;
    die "$what: got '$got', expected '$expected'\n" if $got ne $expected;
}

# What a child does; its exit status says whether it did.
sub in_child {
    my ($work) = @_;
    my $pid = fork // die "fork: $!";
    return $pid if $pid;
    $work->();
    exit 0;
}

sub ended_well {
    waitpid($_[0], 0);
    is($?, 0, "a child's status");
}

sub until_true {
    my ($condition) = @_;
    select(undef, undef, undef, 0.01) until $condition->();
}

sub segments {
    my $shm = IPC::SharedMem->new($key, 5000, IPC_CREAT | IPC_EXCL | 0600) // die "new: $!";
    is(shmget($key, 5000, IPC_CREAT | IPC_EXCL | 0600) // $! + 0, EEXIST, "a second with the key");
    is(shmget($key, 0, 0), $shm->id, "the id by key");
    $shm->attach // die "attach: $!";
    $shm->write("from the parent", 100, 15) or die "write: $!";
    ended_well(in_child(sub {
        my $text;
        shmread($shm->id, $text, 100, 15) or die "shmread: $!";
        is($text, "from the parent", "the child's text");
        shmwrite($shm->id, "from the child", 200, 14) or die "shmwrite: $!";
    }));
    is($shm->read(200, 14), "from the child", "the parent's text");
    is($shm->stat->nattch, 1, "nattch");
    is($shm->stat->segsz, 5000, "size");
    my $address = shmat($shm->id, undef, SHM_RDONLY) // die "shmat: $!";
    memread($address, my $text, 100, 15) or die "memread: $!";
    is($text, "from the parent", "the second attachment");
    is($shm->stat->nattch, 2, "nattch");
    shmdt($address) // die "shmdt: $!";
    $shm->remove or die "remove: $!";
    is($shm->read(100, 15), "from the parent", "after the removal");
    $shm->detach // die "detach: $!";
    is(shmget($key, 0, 0) // $! + 0, ENOENT, "the key after the removal");
}

sub semaphores {
    my $set = IPC::Semaphore->new($key, 5, IPC_CREAT | IPC_EXCL | 0600) // die "new: $!";
    $set->setall(1 .. 5) or die "setall: $!";
    is(join(" ", $set->getall), "1 2 3 4 5", "all values");
    $set->setval(0, 0) // die "setval: $!";
    my $child = in_child(sub {
        $set->op(0, -2, SEM_UNDO, 1, 7, 0) or die "op: $!";
    });
    until_true(sub { $set->getncnt(0) == 1 });
    semop($set->id, pack("s3", 0, 2, 0)) or die "semop: $!";
    ended_well($child);
    is(join(" ", $set->getall), "2 9 3 4 5", "all values after the child's end");
    is($set->getpid(1), $child, "sempid");
    is($set->op(0, -9, IPC_NOWAIT) || $! + 0, EAGAIN, "an operation that would wait");
    is($set->stat->nsems, 5, "nsems");
    $child = in_child(sub {
        is($set->op(0, -100, 0) || $! + 0, EIDRM, "a sleeper at the removal");
    });
    until_true(sub { $set->getncnt(0) == 1 });
    $set->remove or die "remove: $!";
    ended_well($child);
    is(semget($key, 0, 0) // $! + 0, ENOENT, "the key after the removal");
}

sub queues {
    my $queue = IPC::Msg->new($key, IPC_CREAT | IPC_EXCL | 0600) // die "new: $!";
    $queue->snd($_, "message $_") or die "snd: $!" for 3, 1, 2;
    is($queue->stat->qnum, 3, "qnum");
    is($queue->rcv(my $text, 100, 2), 2, "the type asked for");
    is($text, "message 2", "its text");
    is($queue->rcv($text, 100, -3), 1, "the lowest type");
    is($queue->rcv($text, 100, 0), 3, "the last");
    is($queue->rcv($text, 100, 0, IPC_NOWAIT) // $! + 0, ENOMSG, "none");
    my $child = in_child(sub {
        for my $number (1 .. 200) {
            $queue->rcv(my $question, 100, 1) // die "rcv: $!";
            $queue->snd(2, "answer to $question") or die "snd: $!";
        }
    });
    for my $number (1 .. 200) {
        $queue->snd(1, $number) or die "snd: $!";
        $queue->rcv($text, 100, 2) // die "rcv: $!";
        is($text, "answer to $number", "the answer");
    }
    ended_well($child);
    is($queue->stat->lspid, $child, "lspid");
    $queue->set(qbytes => 1000) or die "set: $!";
    is($queue->stat->qbytes, 1000, "qbytes");
    $queue->remove or die "remove: $!";
    is($queue->snd(1, "late") || $! + 0, EINVAL, "after the removal");
}

{ segments => \&segments, semaphores => \&semaphores, queues => \&queues }->{$ARGV[0]}->();
