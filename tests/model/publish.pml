/*
 * Publication with two slots, two writers and a reader: doc/protocols.md, section 6, as built in
 * libshm/arrays_publish.c. No copy that is torn, or of another version than the reader takes it
 * for, may be accepted; versions never go back; nobody waits for ever.
 *
 * Stores do not reach the others in the order of the program: each writer has a buffer of stores
 * under way, and the memory takes from it in any order that the fences leave open. A writer may
 * die before every step; what it has stored reaches the memory all the same, and the kernel or the
 * set's repairer then gives its lock back (undo). The reader's loads may be reordered where no
 * fence forbids it.
 *
 * STEP(name) names the steps as the comments in the code do ("model: name").
 *
 * A macro given to spin breaks one thing; each must make spin find an error:
 * NO_BEGUN, LATE_BEGUN, NO_W2, NO_W4, IN_PLACE, NO_R1, NO_R3, NO_R4, ACCEPT_TWO, NO_LOCK,
 * EARLY_UNLOCK, NO_UNDO.
 */
#ifndef DEATHS
#define DEATHS 2
#endif
#ifndef UPDATES
#define UPDATES 2 /* of each writer */
#endif
#ifndef READS
#define READS 2
#endif

#define FIRST 2 /* the version at the beginning; slot 1 holds the one before */

#define STEP(name)                                                                             \
    if                                                                                         \
    :: true                                                                                    \
    :: deaths < DEATHS -> deaths++; goto dead                                                  \
    fi;

byte deaths;
byte lock; /* 0: free, else the writer's number */

/* The memory as the others see it. A slot is two words, each written by itself. */
byte version = FIRST, begun = FIRST;
byte low[2], high[2];

/* Stores under way, by writer 1 and 2; their value is the new version. */
byte next[3];
bool begun_waits[3], low_waits[3], high_waits[3], version_waits[3];
bool dead_holder[3];

#define ANY_WAITS(w) (begun_waits[w] || low_waits[w] || high_waits[w] || version_waits[w])

#ifdef NO_W2
#define AFTER_BEGUN(w) true
#else
#define AFTER_BEGUN(w) !begun_waits[w]
#endif
#ifdef NO_W4
#define AFTER_SLOT(w) true
#else
#define AFTER_SLOT(w) !(low_waits[w] || high_waits[w])
#endif
#ifdef IN_PLACE
#define SLOT(v) (((v) + 1) & 1)
#else
#define SLOT(v) ((v) & 1)
#endif

/* Takes the stores of one writer in any order that is left open. */
proctype memory(byte w)
{
end_memory:
    do
    :: atomic { begun_waits[w] -> begun = next[w]; begun_waits[w] = false }
    :: atomic { low_waits[w] && AFTER_BEGUN(w) -> low[SLOT(next[w])] = next[w]; low_waits[w] = false }
    :: atomic { high_waits[w] && AFTER_BEGUN(w) -> high[SLOT(next[w])] = next[w]; high_waits[w] = false }
    :: atomic { version_waits[w] && AFTER_SLOT(w) && AFTER_BEGUN(w) ->
                assert(next[w] >= version);
                version = next[w]; version_waits[w] = false }
#ifndef NO_UNDO
    :: atomic { dead_holder[w] && lock == w && !ANY_WAITS(w) -> lock = 0 }
#endif
    od
}

proctype writer(byte me)
{
    byte done = 0;

    do
    :: done < UPDATES ->
#ifdef NO_LOCK
        skip;
#else
        atomic { lock == 0 -> lock = me };
#endif
        atomic { STEP(W1) next[me] = version + 1;
#if !defined(NO_BEGUN) && !defined(LATE_BEGUN)
                 begun_waits[me] = true /* W2: see AFTER_BEGUN */
#endif
        };
        atomic { STEP(W2) skip };
        atomic { STEP(W3) low_waits[me] = true };
        atomic { STEP(W3) high_waits[me] = true };
#ifdef LATE_BEGUN
        !low_waits[me] && !high_waits[me];
        begun_waits[me] = true;
#endif
        atomic { STEP(W4) skip }; /* see AFTER_SLOT */
        atomic { STEP(W5) version_waits[me] = true };
#ifdef EARLY_UNLOCK
        atomic { STEP(W6) lock = 0 };
        !ANY_WAITS(me);
#else
        atomic { STEP(W6) !ANY_WAITS(me) }; /* giving a semaphore back is a release */
        lock = 0;
#endif
        done++
    :: else -> break
    od;
    goto finished;
dead:
    dead_holder[me] = true;
finished:
    skip
}

/* A copy of version v: its two words, in either order. */
#define COPY(v)                                                                                \
    if                                                                                         \
    :: l = low[(v) & 1]; h = high[(v) & 1]                                                     \
    :: h = high[(v) & 1]; l = low[(v) & 1]                                                     \
    fi

#define READER_STEP(name) skip

/* b - v <= 1, without a sign, as in C */
#ifdef NO_R4
#define ACCEPTED true
#elif defined(ACCEPT_TWO)
#define ACCEPTED (b == v || b == v + 1 || b == v + 2)
#elif defined(NO_R1)
#define ACCEPTED (!wrong_guess && (b == v || b == v + 1))
#else
#define ACCEPTED (b == v || b == v + 1)
#endif

active proctype reader()
{
    byte v, l, h, b, last = FIRST, reads = 0;
#ifdef NO_R1
    bool wrong_guess;
#endif

    low[FIRST & 1] = FIRST;
    high[FIRST & 1] = FIRST;
    atomic { run memory(1); run memory(2); run writer(1); run writer(2) };
    do
    :: reads < READS ->
#ifdef NO_R1
        /* the copy is of the slot that the reader expects the version to name */
        if
        :: COPY(0); v = version; wrong_guess = ((v & 1) != 0)
        :: COPY(1); v = version; wrong_guess = ((v & 1) != 1)
        fi;
        b = begun;
#else
        READER_STEP(R1); v = version;
#ifdef NO_R3
        if
        :: b = begun; COPY(v)
        :: COPY(v); b = begun
        fi;
#else
        READER_STEP(R2); COPY(v);
        READER_STEP(R3); /* nothing below may come before */
        READER_STEP(R4); b = begun;
#endif
#endif
        atomic {
            if
            :: ACCEPTED ->
                assert(l == v && h == v);
                assert(v >= last);
                last = v
            :: else -> skip
            fi;
            reads++
        }
    :: else -> break
    od
}
