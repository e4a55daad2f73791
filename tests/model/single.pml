/*
 * Operations on one semaphore without the set lock, beside some under it, as built in
 * posix/posix_single.c and posix_word.c; doc/protocols.md, section 4. Every process takes the semaphore
 * with undo and gives it back, twice; of three, the last does it under the lock. Any may die before any step,
 * whoever repairs too. Then:
 *   - value + adjustments, with what the word shows and its cell lacks, is what it was at the beginning,
 *     after every step: no operation and no undo is lost or done twice;
 *   - the word knows whether nobody holds an adjustment, or one process does;
 *   - who has locked the word sees it changed by nobody else;
 *   - whoever comes next unlocks what a dead holder of the set lock had locked, and every undo is done.
 *
 * The set lock and the redo record are those of set.pml: here a change under the lock is one step.
 *
 * STEP(name) names the steps as the comments in the code do ("model: name").
 *
 * A macro given to spin breaks one thing; each must make spin find an error: see spin.sh.
 */
#ifndef DEATHS
#define DEATHS 2
#endif
#ifndef N
#define N 3
#endif
#ifndef ROUNDS
#define ROUNDS 2
#endif
#define INITIAL 1
#define WATCHER 0
/* How an operation without the lock has ended. */
#define AGAIN 0
#define DONE 1
#define NEEDS_LOCK 2

#define STEP(name)                                                                             \
    if                                                                                         \
    :: true                                                                                    \
    :: mortal && deaths < DEATHS -> deaths++; goto dead                                        \
    fi;

byte deaths;
bool alive[N + 1];
bool buried[N + 1];

/* The set's file: the set lock, the semaphore's word, the cells. */
byte lock; /* process number + 1; 0: free */
typedef word_type {
    byte value;
    bool locked;
    byte holders; /* 0, 1, or 2 for more */
    short delta;
    byte row;     /* 0: nobody's; rows are the numbers of the processes */
    byte seq
};
word_type word;
short adjustment[N + 1];
byte seq[N + 1];

#define IS(w)                                                                                  \
    (word.value == w.value && word.locked == w.locked && word.holders == w.holders &&          \
     word.delta == w.delta && word.row == w.row && word.seq == w.seq)
#define PENDING(w, s) ((s) + 1 == w.seq)

inline copy_word(to, from)
{
    to.value = from.value;
    to.locked = from.locked;
    to.holders = from.holders;
    to.delta = from.delta;
    to.row = from.row;
    to.seq = from.seq
}

/* Part of the step before. */
inline check()
{
    sum = word.value;
    held = 0;
    i = 1;
    do
    :: i <= N ->
        own = adjustment[i];
        if
        :: word.row == i && PENDING(word, seq[i]) -> own = own - word.delta
        :: else
        fi;
        sum = sum + own;
        held = held + (own != 0);
        i++
    :: else -> break
    od;
    assert(sum == INITIAL);
    assert(word.holders == 2 || word.holders == held);
    i = 0; sum = 0; held = 0; own = 0
}

/* Does in a cell what `w` shows; `helped` says whether it is done. */
inline help(w)
{
    atomic { STEP(H1) at = w.row; cell = adjustment[at]; number = seq[at] };
    helped = true;
    if
    :: PENDING(w, number) ->
        atomic { STEP(H2) helped = IS(w) };
        if
        :: helped ->
#ifdef STORE_CELL
            atomic { STEP(H3) adjustment[at] = cell - w.delta; seq[at] = number + 1 }
#else
            atomic { STEP(H3)
                     if
                     :: adjustment[at] == cell && seq[at] == number ->
                        adjustment[at] = cell - w.delta;
                        seq[at] = number + 1;
                        check()
                     :: else
                     fi }
#endif
        :: else
        fi
    :: else
    fi;
    at = 0; cell = 0; number = 0
}

inline holding(w, before, after)
{
    if
    :: before == 0 && after != 0 -> w.holders = (w.holders == 0 -> 1 : 2)
    :: before != 0 && after == 0 && w.holders == 1 -> w.holders = 0
    :: else
    fi
}

/* The set lock, and the word under it. */

inline finish()
{
    copy_word(seen, word);
    if
    :: seen.row != 0 ->
#ifndef NO_FINISH
        help(seen);
#endif
        atomic { STEP(F2) word.row = 0; word.delta = 0; word.seq = 0; check() }
    :: else
    fi
}

inline lock_word()
{
#ifndef NO_WORD_LOCK
    atomic { STEP(F1) word.locked = true };
#else
    atomic { STEP(F1) skip };
#endif
    finish();
    copy_word(mine, word)
}

inline unlock_word()
{
    finish();
    atomic { STEP(F3)
             if
             :: word.holders == 2 ->
                held = 0;
                i = 1;
                do
                :: i <= N -> held = held + (adjustment[i] != 0); i++
                :: else -> break
                od;
                word.holders = (held > 1 -> 2 : held);
                i = 0; held = 0
             :: else
             fi;
             word.locked = false;
             check() }
}

/* One change under the lock: the redo record makes it one step. */
inline change(whose, difference, adjusted)
{
    atomic { STEP(C2)
             assert(IS(mine));
             word.value = word.value + difference;
             holding(word, adjustment[whose], adjusted);
             adjustment[whose] = adjusted;
             seq[whose]++;
             check() }
}

inline take_lock()
{
    if
    :: atomic { lock == 0 -> STEP(L1) lock = me + 1 }
    :: atomic { lock != 0 && !alive[lock - 1] -> STEP(L3) lock = me + 1 }
    fi
}

inline unlock()
{
    atomic { STEP(L4) assert(lock == me + 1); lock = 0 }
}

inline bury_all()
{
    r = 1;
    do
    :: r <= N && !alive[r] && !buried[r] ->
        if
        :: adjustment[r] != 0 || (word.row == r && PENDING(word, seq[r])) ->
            lock_word();
            if
            :: adjustment[r] != 0 -> change(r, adjustment[r], 0)
            :: else
            fi;
            unlock_word()
        :: else
        fi;
        atomic { STEP(D5) buried[r] = true };
        r++
    :: r <= N && (alive[r] || buried[r]) -> r++
    :: r > N -> break
    od;
    r = 0
}

/* Taking waits until it can be done; the dead are buried meanwhile. */
inline operate_locked(difference)
{
    done = false;
    do
    :: !done && (word.value + difference >= 0 || !alive[1] || !alive[2] || !alive[N]) ->
        take_lock();
        bury_all();
        lock_word();
        if
        :: mine.value + difference >= 0 ->
            change(me, difference, adjustment[me] - difference);
            done = true
        :: else
        fi;
        unlock_word();
        unlock()
    :: done -> break
    od
}

inline operate(difference)
{
    outcome = AGAIN;
    do
    :: outcome == AGAIN ->
        atomic { STEP(O1) copy_word(seen, word); outcome = (seen.locked -> NEEDS_LOCK : AGAIN) };
        if
        :: outcome == AGAIN && seen.row != 0 ->
#ifdef NO_HELP
            helped = true
#else
            help(seen)
#endif
        :: else -> helped = true
        fi;
        if
        :: outcome == AGAIN && helped ->
            atomic { STEP(O2) own_cell = adjustment[me]; own_number = seq[me];
                     if
                     :: seen.value + difference < 0 || seen.holders != (own_cell != 0 -> 1 : 0) ->
                        outcome = NEEDS_LOCK
                     :: else
                     fi };
            if
            :: outcome == AGAIN ->
                atomic { STEP(O3)
                         if
                         :: IS(seen) ->
                            word.value = seen.value + difference;
                            word.delta = difference;
                            word.row = me;
                            word.seq = own_number + 1;
                            holding(word, own_cell, own_cell - difference);
                            copy_word(mine, word);
                            outcome = DONE;
#ifndef NO_HELP
                            check()
#endif
                         :: else
                         fi }
            :: else
            fi
        :: else
        fi
    :: else -> break
    od;
    if
    :: outcome == DONE ->
#ifdef STORE_CELL
        atomic { STEP(O4) adjustment[me] = own_cell - difference; seq[me] = own_number + 1 }
#else
        atomic { STEP(O4)
                 if
                 :: adjustment[me] == own_cell && seq[me] == own_number ->
                    adjustment[me] = own_cell - difference;
                    seq[me] = own_number + 1
                 :: else
                 fi }
#endif
    :: else -> operate_locked(difference)
    fi;
    own_cell = 0;
    own_number = 0
}

#define LOCALS                                                                                 \
    word_type seen, mine;                                                                      \
    byte i, held, at, number, own_number, r, outcome;                                          \
    short sum, own, cell, own_cell;                                                            \
    bool helped, done

proctype process(byte me; bool locks)
{
    LOCALS;
    byte round;
    bool mortal = true;

    do
    :: round < ROUNDS ->
        if
        :: locks -> operate_locked((-1))
        :: else -> operate((-1))
        fi;
        if
        :: locks -> operate_locked(1)
        :: else -> operate(1)
        fi;
        round++
    :: else -> break
    od;
dead:
    atomic { alive[me] = false }
}

active proctype watcher()
{
    LOCALS;
    byte me = WATCHER;
    bool mortal = false;

    atomic {
        word.value = INITIAL;
        alive[WATCHER] = true;
        i = 1;
        do
        :: i <= N -> alive[i] = true; run process(i, N > 2 && i == N); i++
        :: else -> break
        od;
        i = 0
    }
    atomic { !alive[1] && !alive[2] && !alive[N] -> skip };
    take_lock();
    bury_all();
    lock_word();
    unlock_word();
    unlock();
    assert(word.value == INITIAL && !word.locked && word.holders == 0);
    goto over;
dead:
    skip;
over:
    skip
}
