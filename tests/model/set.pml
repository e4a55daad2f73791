/*
 * A semaphore set: the set lock, one semaphore, the redo record, undo and sleepers, as built in
 * posix/posix_set_lock.c, posix_try.c, posix_redo.c, posix_rows.c, posix_waiters.c, posix_sleep.c
 * and posix_semop.c; doc/protocols.md, section 4. Every process takes the semaphore with undo and
 * gives it back; any may die before any step, repairers too, and a row that was buried may be
 * taken by a new process. Then:
 *   - value + adjustments is exactly what it was at the beginning, whenever the lock is free: no
 *     operation is lost or done twice, no undo either;
 *   - a call that returned has been done, one that failed has not;
 *   - nobody but the holder changes anything, and the lock is never stuck;
 *   - no sleeper is forgotten: at the end nobody sleeps (spin's "invalid end state").
 *
 * The slices of the code's sleeps are what lets a sleeper look whether a process has died; here it
 * may look whenever there is something to be seen. The explicit wake-up is an event of its own.
 *
 * STEP(name) names the steps as the comments in the code do ("model: name").
 *
 * A macro given to spin breaks one thing; each must make spin find an error: see spin.sh.
 */
#ifndef DEATHS
#define DEATHS 2
#endif
#ifndef BIRTHS
#define BIRTHS 1 /* processes that take the row of a dead one */
#endif
#ifndef N
#define N 3
#endif
#define INITIAL 1
#define WATCHER (N + 1) /* the row of the process that looks at the end, and does not die */

#define STEP(name)                                                                             \
    if                                                                                         \
    :: true                                                                                    \
    :: mortal && deaths < DEATHS -> deaths++; goto dead                                        \
    fi;

/* Rows. */
#define ROW_FREE 0
#define ROW_USED 1
/* Waiters. */
#define FREE 0
#define MORE 1
#define WAITING 2
#define GRANTING 3
#define DONE 4
#define CANCELLED 5

byte deaths, births;
bool closed; /* no more of them: everybody is dead, and the watcher looks */
bool alive[N + 2]; /* the lock on the row's byte: gone with the process */
bit tag[N + 2];    /* of the process that is in the row now */

/* The set's file. */
byte lock;         /* 0: free, else row and tag */
byte value = INITIAL;
bit state[N + 2];  /* of a row */
byte adjustment[N + 2];
bool adjusts[N + 2]; /* a row may hold an adjustment, from its first one on */
byte adjusted_rows;
byte waiter[N + 2]; /* the entry of a row's call; one is enough for each */
bool linked[N + 2]; /* it is in the queue */
byte ticket[N + 2];
byte last_ticket;
bool queue_is_whole = true; /* not between two stores of a change of its links */

bool valid; /* the redo record */
byte redo_value, redo_row, redo_adjustment, redo_adjusted_rows, redo_waiter;
bit redo_state, redo_adjusts;

/* Not in the file: a futex wake-up that has reached its sleeper. */
bool woken[N + 2];

#ifdef NO_TAG
#define WORD(row) ((row) * 2)
#else
#define WORD(row) ((row) * 2 + tag[row])
#endif
#define ROW_OF(word) ((word) / 2)

/*
 * The redo record.
 */

inline apply()
{
    atomic { STEP(A1) value = redo_value };
    atomic { STEP(A2) adjustment[redo_row] = redo_adjustment };
    atomic { STEP(A3) state[redo_row] = redo_state; adjusts[redo_row] = redo_adjusts };
    atomic { STEP(A4) adjusted_rows = redo_adjusted_rows };
    atomic { STEP(A5)
             if
             :: redo_waiter && (waiter[redo_waiter] == GRANTING || waiter[redo_waiter] == WAITING) ->
                waiter[redo_waiter] = DONE
             :: else
             fi }
}

inline clear_valid()
{
    atomic { STEP(C3) valid = false }
}

inline write_entries(new_value, row, new_adjustment)
{
    redo_value = new_value;
    redo_adjustment = new_adjustment
}

inline write_record(row, new_state, who)
{
    redo_row = row;
    redo_state = new_state;
    redo_adjusts = new_state == ROW_USED && (adjusts[row] || redo_adjustment != 0);
    redo_adjusted_rows = adjusted_rows + redo_adjusts - adjusts[row];
    redo_waiter = who
}

/* After T1 or D5, which write the entries. */
inline commit(row, new_state, who)
{
    assert(ROW_OF(lock) == me && lock == WORD(me));
#ifdef NO_REDO
    atomic { STEP(C1) write_record(row, new_state, who) };
    apply();
#elif defined(VALID_FIRST)
    valid = true;
    atomic { STEP(C1) write_record(row, new_state, who) };
    apply();
    clear_valid();
#elif defined(APPLY_FIRST)
    atomic { STEP(C1) write_record(row, new_state, who) };
    value = redo_value;
    atomic { STEP(C2) valid = true };
    apply();
    clear_valid();
#else
    atomic { STEP(C1) write_record(row, new_state, who) };
    atomic { STEP(C2) valid = true };
    apply();
    clear_valid();
#endif
}

/*
 * The queue of sleepers.
 */

inline unlink(who)
{
    atomic { STEP(Q4) queue_is_whole = false; linked[who] = false };
    queue_is_whole = true
}

/* The first that waits, or 0; entries of others on the way are dropped. */
inline find_first()
{
    atomic { STEP(G1)
        assert(queue_is_whole);
        first = 0;
        i = 1;
        do
        :: i <= N ->
            if
            :: linked[i] && waiter[i] == WAITING &&
               (first == 0 || ticket[i] < ticket[first]) -> first = i
            :: linked[i] && waiter[i] == CANCELLED -> linked[i] = false; waiter[i] = FREE
            :: else
            fi;
            i++
        :: else -> break
        od;
        i = 0
    }
}

/* Calls of one operation, -1, so only the first that waits is looked at. */
inline serve()
{
    do
    :: true ->
        find_first();
        if
        :: first == 0 || value == 0 -> break
        :: else ->
            atomic { STEP(T1) write_entries(value - 1, first, adjustment[first] + 1) };
            atomic { STEP(G2) can_have_it = alive[first] }; /* probed first */
            atomic { can_have_it = can_have_it && waiter[first] == WAITING;
                     if
                     :: can_have_it -> waiter[first] = GRANTING
                     :: else
                     fi };
            if
            :: can_have_it ->
                commit(first, ROW_USED, first);
                unlink(first);
                atomic { STEP(G3) woken[first] = true }
            :: else ->
                unlink(first);
                waiter[first] = FREE
            fi
        fi
    od;
    first = 0;
    can_have_it = false
}

/*
 * Deaths.
 */

inline bury(row)
{
    atomic { STEP(D4) waiter[row] = FREE; linked[row] = false };
#ifdef NO_UNDO
    atomic { STEP(D5) write_entries(value, row, 0) };
#else
    atomic { STEP(D5) write_entries(value + adjustment[row], row, 0) };
#endif
    commit(row, ROW_FREE, 0)
}

/* All the dead, or only those whose death changes the value. */
inline reap(all)
{
    found = 0;
    r = 1;
    do
    :: r <= N ->
        if
        :: atomic { r != me && state[r] == ROW_USED && !alive[r] && (all || adjustment[r]) ->
                    STEP(D6) found = found || adjustment[r] };
            bury(r)
        :: else
        fi;
        r++
    :: else -> break
    od;
    r = 0;
#ifndef NO_SERVE_AFTER_UNDO
    if
    :: found -> serve()
    :: else
    fi;
#endif
    found = 0
}

inline repair(row)
{
#ifndef NO_REPLAY
    atomic { STEP(D1)
             if
             :: valid -> found = 1
             :: else
             fi };
    if
    :: found -> apply(); clear_valid(); found = 0
    :: else
    fi;
#else
    valid = false;
#endif
#ifndef NO_REBUILD
    atomic { STEP(D2) queue_is_whole = false };
    d_step {
        i = 1;
        do
        :: i <= N ->
            if
            :: waiter[i] == GRANTING || waiter[i] == WAITING -> waiter[i] = WAITING; linked[i] = true
            :: waiter[i] == CANCELLED -> waiter[i] = FREE; linked[i] = false
            :: else -> linked[i] = false
            fi;
            i++
        :: else -> break
        od;
        i = 0;
        queue_is_whole = true
    };
#endif
    bury(row);
    serve()
}

/*
 * The set lock.
 */

inline take_lock()
{
    do
    :: atomic { lock == 0 -> STEP(L1) lock = WORD(me) }; break
    :: atomic { lock != 0 && !alive[ROW_OF(lock)] -> STEP(L2) seen = lock };
        atomic { STEP(L3)
                 if
                 :: lock == seen -> lock = WORD(me)
                 :: else -> seen = 0
                 fi };
        if
        :: seen ->
            assert(!alive[ROW_OF(seen)] || tag[ROW_OF(seen)] != (seen & 1));
#ifdef NO_REPAIR
            skip;
#else
            r = ROW_OF(seen);
            repair(r);
            r = 0;
#endif
            seen = 0;
            break
        :: else
        fi
    od;
    if
    :: state[me] == ROW_FREE && me != WATCHER ->
        atomic { STEP(K1) state[me] = ROW_USED };
        reap(true)
    :: else
    fi
}

/* With everything in order, whoever looks. */
inline unlock()
{
    atomic { STEP(L4)
             assert(lock == WORD(me));
             assert(!valid && queue_is_whole);
             i = 1;
             sum = value;
             counted = 0;
             do
             :: i <= N ->
                assert(adjusts[i] || !adjustment[i]);
                sum = sum + adjustment[i];
                counted = counted + adjusts[i];
                i++
             :: else -> break
             od;
             assert(sum == INITIAL);
             assert(counted == adjusted_rows);
             i = 0; sum = 0; counted = 0;
             lock = 0 }
}

/*
 * Operations.
 */

#define SOMEBODY_DIED                                                                          \
    ((lock != 0 && !alive[ROW_OF(lock)]) ||                                                    \
     (adjusted_rows != 0 && (DEAD_OWNER(1) || DEAD_OWNER(2) || DEAD_OWNER(N))))
#define DEAD_OWNER(row) (state[row] == ROW_USED && adjustment[row] != 0 && !alive[row])
#define IS_OVER(entry)  (waiter[entry] == DONE || waiter[entry] == CANCELLED)

/* Without slices only a wake-up makes a sleeper look. */
#ifdef NO_SLICES
#define LOOKS woken[me]
#else
#define LOOKS true
#endif

inline cancel()
{
    if
    :: atomic { waiter[me] == WAITING -> waiter[me] = CANCELLED }; failed = true
    :: atomic { waiter[me] == GRANTING -> skip };
        take_lock();
        atomic { STEP(S3)
                 if
                 :: waiter[me] == WAITING || waiter[me] == GRANTING ->
                    waiter[me] = CANCELLED; failed = true
                 :: else
                 fi };
        unlock()
    :: atomic { waiter[me] == DONE -> skip }
    fi
}

inline sleep()
{
    do
    :: atomic { LOOKS && IS_OVER(me) -> STEP(S1) woken[me] = false };
        break
    :: atomic { LOOKS && SOMEBODY_DIED -> STEP(S2) woken[me] = false };
        take_lock();
        reap(false);
        unlock()
    :: atomic { may_cancel && !IS_OVER(me) -> STEP(S4) may_cancel = false };
        cancel();
        if
        :: failed -> break
        :: else
        fi
    od;
    if
    :: failed -> skip
    :: else -> atomic { STEP(S5) assert(waiter[me] == DONE); waiter[me] = FREE }
    fi
}

inline enqueue()
{
    atomic { STEP(Q1) assert(waiter[me] == FREE); waiter[me] = MORE; woken[me] = false };
    atomic { STEP(Q2) last_ticket++; ticket[me] = last_ticket; waiter[me] = WAITING };
    atomic { STEP(Q3) queue_is_whole = false };
    atomic { linked[me] = true; queue_is_whole = true }
}

/* -1 with undo, sleeping for it if need be. */
inline take_one()
{
    take_lock();
    reap(false);
    if
    :: value > 0 ->
        atomic { STEP(T1) write_entries(value - 1, me, adjustment[me] + 1) };
        commit(me, ROW_USED, 0);
        serve();
        unlock()
    :: else ->
#ifdef UNLOCK_BEFORE_QUEUE
        unlock();
        enqueue();
#else
        enqueue();
        unlock();
#endif
        sleep()
    fi
}

/* +1 with undo. */
inline give_one()
{
    take_lock();
    reap(false);
    atomic { STEP(T1) write_entries(value + 1, me, adjustment[me] - 1) };
    commit(me, ROW_USED, 0);
#ifndef NO_SERVE
    serve();
#endif
    unlock()
}

proctype process(byte me; bool may_cancel)
{
    byte seen, first, i, r, sum, counted;
    bool mortal = true, found, failed, can_have_it;

begin:
    take_one();
    if
    :: failed -> skip
    :: else ->
        assert(adjustment[me] == 1);
        give_one();
        assert(adjustment[me] == 0)
    fi;
    atomic { alive[me] = false; goto over };
dead:
    atomic { alive[me] = false; woken[me] = false };
    d_step { seen = 0; first = 0; i = 0; r = 0; sum = 0; counted = 0; found = 0; failed = false;
             can_have_it = false; may_cancel = false };
    /* A new process takes the row once it has been buried. */
end_dead:
    atomic { !closed && births < BIRTHS && state[me] == ROW_FREE && ROW_OF(lock) != me ->
             births++; tag[me] = 1 - tag[me]; alive[me] = true; goto begin };
over:
    skip
}

active proctype watcher()
{
    byte me = WATCHER, seen, first, i, r, sum, counted;
    bool mortal = false, found, can_have_it;

    atomic {
        alive[WATCHER] = true;
        i = 1;
        do
        :: i <= N -> alive[i] = true; run process(i, i == N); i++
        :: else -> break
        od;
        i = 0
    }
    atomic { !alive[1] && !alive[2] && !alive[N] -> closed = true };
    take_lock();
    reap(true);
    assert(value == INITIAL && adjusted_rows == 0);
    unlock();
    goto over;
dead:
    skip;
over:
    skip
}
