/*
 * Two processes meet; and a program that does nothing but that.
 */
#ifndef LIBSHM_TESTS_GATE_H
#define LIBSHM_TESTS_GATE_H

/* Of the program: ends the test. */
#if defined(__GNUC__)
__attribute__((format(printf, 3, 4)))
#endif
void fail_at(const char *file, int line, const char *format, ...);

/* The child arrives and stays until the parent lets it go. */
struct gate {
    int ready[2], go[2];
};
void gate_make(struct gate *gate);
void gate_arrive(const struct gate *gate); /* child: say "here", then wait */
void gate_await(const struct gate *gate);  /* parent: until one has arrived */
void gate_let_go(const struct gate *gate); /* parent: one */
void gate_close(const struct gate *gate);

/*
 * The program itself as another program: `exec_idle` arrives at the gate and exits when let go.
 * main() calls be_idle_if_asked() first.
 */
void be_idle_if_asked(int argc, char **argv);
void exec_idle(const struct gate *gate);
/* "--idle READY GO" for those who start it themselves; argv has 5 places. */
void idle_arguments(const struct gate *gate, char **argv);

#endif
