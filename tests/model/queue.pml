/*
 * A message queue without the set lock, as built in posix/posix_queue*.c; doc/protocols.md, section 5. Two
 * senders send some messages each, receivers take as many each, through a ring of four slots; one more
 * process closes the queue, waits until nobody is in between, and counts anew. All but that one may die
 * before any step. Then:
 *   - a message that was sent is in a slot, or shown by the tail, until it is received, and that happens
 *     once, whoever dies where;
 *   - the messages of one sender are received in their order by whoever takes the first one there is;
 *   - while the queue is closed and nobody is in between, nothing changes; room that was counted then is
 *     what is used.
 *
 * STEP(name) names the steps as the comments in the code do ("model: name").
 *
 * A macro given to spin breaks one thing; each must make spin find an error: see spin.sh.
 */
#ifndef DEATHS
#define DEATHS 1
#endif
#ifndef RECEIVERS
#define RECEIVERS 2
#endif
#ifndef EACH
#define EACH 2 /* messages of a sender */
#endif
#define SENDERS  2
#define SLOTS    4
#define MESSAGES (SENDERS * EACH)
#define PEOPLE   (SENDERS + RECEIVERS)

#define STEP(name)                                                                             \
    if                                                                                         \
    :: true                                                                                    \
    :: deaths < DEATHS -> deaths++; goto dead                                                  \
    fi;

byte deaths;
bool alive[PEOPLE];
bool busy[PEOPLE];
byte ended;

/* The queue's file: the tail, the slots, the room. */
byte tail_ticket, tail_block;
bool closed;
byte slot_ticket[SLOTS], slot_block[SLOTS];
short room;

/* What has happened. */
bool sent[MESSAGES + 1];
byte received[MESSAGES + 1];
byte last_of[SENDERS]; /* number of the sender's message that was received last */
bool still;            /* nothing may change */

inline is_in_queue(b)
{
    found = tail_block == b && slot_ticket[tail_ticket % SLOTS] != tail_ticket;
    i = 0;
    do
    :: i < SLOTS -> found = found || slot_block[i] == b; i++
    :: else -> break
    od;
    i = 0
}

/* Part of the step before. */
inline check()
{
    assert(!still);
    n = 1;
    do
    :: n <= MESSAGES ->
        is_in_queue(n);
        assert(received[n] <= 1);
        assert(!sent[n] || received[n] == 1 || found);
        assert(!(received[n] && found));
        n++
    :: else -> break
    od;
    n = 0;
    found = false
}

/* What a tail shows reaches its slot. */
inline help(ticket, block)
{
    atomic { STEP(M1) was_ticket = slot_ticket[ticket % SLOTS]; was_block = slot_block[ticket % SLOTS] };
    if
#ifdef NO_AGE
    :: block != 0 ->
#else
    :: block != 0 && was_ticket < ticket ->
#endif
        atomic { STEP(M2)
                 if
                 :: slot_ticket[ticket % SLOTS] == was_ticket && slot_block[ticket % SLOTS] == was_block ->
                    slot_ticket[ticket % SLOTS] = ticket;
                    slot_block[ticket % SLOTS] = block;
                    check()
                 :: else
                 fi }
    :: else
    fi
}

/* The other way round as who closes it: one of both sees the other. */
inline enter()
{
#ifdef CLOSED_FIRST
    atomic { STEP(M9) shut = closed };
    atomic { STEP(M6) busy[me] = true }
#else
    atomic { STEP(M6) busy[me] = true };
    atomic { STEP(M9) shut = closed }
#endif
}

/* In the code it is done under the lock. */
inline leave_until_open()
{
    atomic { busy[me] = false };
    atomic { !closed -> skip }
}

#define LOCALS                                                                                 \
    byte t, b, x, was_ticket, was_block, n, i, k;                                              \
    bool found, shut, over

proctype sender(byte me)
{
    LOCALS;
    byte mine;
    k = 0;
    do
    :: k < EACH ->
        mine = me * EACH + k + 1;
        enter();
        if
        :: shut -> leave_until_open()
        :: else ->
            atomic { STEP(M7) room++; assert(!still) };
again:
            atomic { STEP(M3) t = tail_ticket; b = tail_block };
#ifndef NO_HELP
            help(t, b);
#endif
            over = slot_block[(t + 1) % SLOTS] != 0;
            atomic { STEP(M4)
                     if
                     :: !over && tail_ticket == t && tail_block == b ->
                        tail_ticket = t + 1;
                        tail_block = mine;
                        sent[mine] = true;
                        over = false;
                        check()
                     :: else -> over = true
                     fi };
            if
            :: over -> goto again
            :: else
            fi;
            t++;
            help(t, mine);
            atomic { busy[me] = false };
            k++
        fi
    :: else -> break
    od;
dead:
    atomic { alive[me] = false; ended++ }
}

/* The first message that there is, once. */
inline take_first()
{
    x = (t >= SLOTS -> t - SLOTS + 1 : 1);
    over = false;
    do
    :: x <= t && !over ->
        atomic { was_ticket = slot_ticket[x % SLOTS]; was_block = slot_block[x % SLOTS] };
        if
        :: was_ticket == x && was_block != 0 ->
            atomic { STEP(M5)
                     if
#ifndef TAKE_BY_STORE
                     :: slot_ticket[x % SLOTS] != x || slot_block[x % SLOTS] != was_block
#endif
                     :: else ->
                        slot_block[x % SLOTS] = 0;
                        received[was_block]++;
                        over = true;
                        assert(last_of[(was_block - 1) / EACH] < was_block);
                        last_of[(was_block - 1) / EACH] = was_block;
                        check()
                     fi }
        :: else
        fi;
        x++
    :: else -> break
    od;
    if
    :: over -> atomic { STEP(M8) room--; assert(!still) }
    :: else
    fi;
    atomic { busy[me] = false };
    k++
}

/* As often as there may be one. */
proctype receiver(byte me)
{
    LOCALS;
    k = 0;
    do
    :: k < EACH ->
        enter();
        if
        :: shut -> leave_until_open()
        :: else ->
            atomic { STEP(M3) t = tail_ticket; b = tail_block };
            help(t, b);
            take_first()
        fi
    :: else -> break
    od;
dead:
    atomic { alive[me] = false; ended++ }
}

active proctype sweeper()
{
    LOCALS;
    byte me;
    atomic {
        me = 0;
        do
        :: me < PEOPLE -> alive[me] = true; me++
        :: else -> break
        od;
        me = 0;
        do
        :: me < SENDERS -> run sender(me); me++
        :: me >= SENDERS && me < PEOPLE -> run receiver(me); me++
        :: else -> break
        od
    }
    closed = true;
#ifndef NO_WAIT
    me = 0;
    do
    :: me < PEOPLE -> atomic { !busy[me] || !alive[me] -> me++ }
    :: else -> break
    od;
#endif
    still = true;
    t = tail_ticket;
    b = tail_block;
    if
    :: b != 0 && slot_ticket[t % SLOTS] < t -> slot_ticket[t % SLOTS] = t; slot_block[t % SLOTS] = b
    :: else
    fi;
    x = 0;
    me = 0;
    do
    :: x < SLOTS -> me = me + (slot_block[x] != 0); x++
    :: else -> break
    od;
    room = me;
    still = false;
    closed = false;
    atomic { ended == PEOPLE -> skip };
    /* Without a death since, what is used is what is counted. */
    atomic {
        x = 0;
        n = 1;
        do
        :: n <= MESSAGES -> x = x + (sent[n] && !received[n]); n++
        :: else -> break
        od;
        assert(deaths > 0 || room == x)
    }
}
