/* Tables for people, JSON for report.py. */
#include "config.h"

#include <math.h>
#include <stdarg.h>
#include <string.h>

#include "libshm/shm.h"
#include "tests/bench/bench.h"

enum { MAX_VERDICTS = 64, MAX_REMARKS = 32, REMARK_SIZE = 160 };

#if defined __OPTIMIZE__ && !defined __SANITIZE_ADDRESS__ && !defined __SANITIZE_THREAD__
#define OPTIMIZED "true"
#else
#define OPTIMIZED "false"
#endif

#ifdef __clang__
#define COMPILER __VERSION__
#else
#define COMPILER "gcc " __VERSION__
#endif

static const char *const role_names[] = {"ours", "peer", "limit"};

static struct {
    struct bench_verdict verdicts[MAX_VERDICTS];
    int nverdicts;
    char remarks[MAX_REMARKS][REMARK_SIZE];
    int nremarks;
    int ngroups;
} printed;

/* Text goes in without quotes and backslashes: ours has none. */
__attribute__((format(printf, 1, 2))) static void json(const char *format, ...)
{
    va_list arguments;
    if (bench_settings.json == NULL)
        return;
    va_start(arguments, format);
    vfprintf(bench_settings.json, format, arguments);
    va_end(arguments);
}

static void json_text(const char *key, const char *text)
{
    if (text == NULL)
        json("\"%s\": null, ", key);
    else
        json("\"%s\": \"%s\", ", key, text);
}

double bench_units_per_second(const char *unit)
{
    return *unit == 'n' ? 1e9 : *unit == 'u' ? 1e6 : 1e3;
}

void bench_remark(const char *format, ...)
{
    va_list arguments;
    if (printed.nremarks == MAX_REMARKS)
        return;
    char *text = printed.remarks[printed.nremarks++];
    va_start(arguments, format);
    vsnprintf(text, REMARK_SIZE, format, arguments);
    va_end(arguments);
    printf("\n%s\n", text);
}

void bench_print_begin(void)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    printf("backend: %s%s; the cases of a group take turns\n", shm_backend(),
           bench_settings.quick ? "; quick: the figures mean nothing" : "");
    json("{\"program\": \"c\", \"backend\": \"%s\", \"quick\": %s, \"optimized\": %s,\n",
         shm_backend(), bench_settings.quick ? "true" : "false", OPTIMIZED);
    json(" \"compiler\": \"%s\", \"groups\": [", COMPILER);
}

/* "  1.23 of NAME", if both were measured. */
static void print_ratio(const struct bench_figure *own, const char *name)
{
    const struct bench_figure *other = name != NULL ? bench_find(name) : NULL;
    if (other != NULL && other->median > 0)
        printf("  %7.2f of %-12s", own->median / other->median, name);
}

static void print_case(const struct bench_group *group, const struct bench_case *c,
                       const struct bench_figure *own)
{
    double scale = bench_units_per_second(group->unit);
    if (c->run == NULL && c->timed == NULL) {
        printf("  %-38s not available here\n", c->name);
        return;
    }
    printf("  %-38s %10.2f %10.2f %10.2f", c->name, own->median * scale, own->min * scale,
           own->max * scale);
    if (c->bytes > 0 && own->median > 0)
        printf("  %6.2f GB/s", c->bytes / own->median * 1e-9);
    print_ratio(own, c->peer);
    print_ratio(own, c->limit);
    putchar('\n');
}

/* Beside much other work a quick run may have counted nothing: then there is no such figure. */
static bool is_there(const struct bench_figure *f, double scale)
{
    return isfinite(f->median * scale) && isfinite(f->min * scale) && isfinite(f->max * scale);
}

static void json_case(const struct bench_group *group, const struct bench_case *c,
                      const struct bench_figure *own, bool first)
{
    double scale = bench_units_per_second(group->unit);
    json("%s\n   {\"name\": \"%s\", \"role\": \"%s\", ", first ? "" : ",", c->name,
         role_names[c->role]);
    json_text("peer", c->peer);
    json_text("limit", c->limit);
    if ((c->run == NULL && c->timed == NULL) || !is_there(own, scale))
        json("\"median\": null}");
    else
        json("\"bytes\": %.0f, \"median\": %.9g, \"min\": %.9g, \"max\": %.9g}", c->bytes,
             own->median * scale, own->min * scale, own->max * scale);
}

static void json_group(const struct bench_group *group, const struct bench_figure *figures,
                       int repeats)
{
    json("%s\n {", printed.ngroups++ > 0 ? "," : "");
    json_text("title", group->title);
    json_text("curve", group->curve);
    json("\"x\": %.17g, \"unit\": \"%s\", \"repeats\": %d, \"cases\": [", group->x, group->unit,
         repeats);
    for (int i = 0; group->cases[i].name != NULL; i++)
        json_case(group, &group->cases[i], &figures[i], i == 0);
    json("]}");
}

void bench_print_group(const struct bench_group *group, const struct bench_figure *figures,
                       int repeats)
{
    printf("\n%s: %s, %d repeats\n  %-38s %10s %10s %10s\n", group->title, group->unit, repeats,
           "", "median", "min", "max");
    for (int i = 0; group->cases[i].name != NULL; i++)
        print_case(group, &group->cases[i], &figures[i]);
    json_group(group, figures, repeats);
}

void bench_judge(const struct bench_verdict *verdict)
{
    if (printed.nverdicts < MAX_VERDICTS)
        printed.verdicts[printed.nverdicts++] = *verdict;
}

void bench_judge_group(const struct bench_group *group)
{
    for (const struct bench_target *t = group->targets; t != NULL && t->row != 0; t++) {
        const struct bench_figure *ours = bench_find(t->ours);
        const struct bench_figure *other = t->other != NULL ? bench_find(t->other) : NULL;
        if ((t->backend != NULL && strcmp(t->backend, shm_backend()) != 0) || ours == NULL ||
            (t->other != NULL && other == NULL))
            continue;
        double scale = bench_units_per_second(group->unit);
        struct bench_verdict v = {.row = t->row,
                                  .unit = other != NULL ? "x" : group->unit,
                                  .value = ours->median * scale,
                                  .other = other != NULL ? other->median * scale : 0,
                                  .measured_unit = group->unit,
                                  .bound = t->bound,
                                  .at_least = t->at_least};
        v.figure = other != NULL ? v.value / v.other : v.value;
        snprintf(v.what, sizeof v.what, "%s", t->what);
        bench_judge(&v);
    }
}

static bool is_met(const struct bench_verdict *v)
{
    return v->at_least ? v->figure >= v->bound : v->figure <= v->bound;
}

static void json_figure(const char *key, double value)
{
    if (isfinite(value))
        json("\"%s\": %.9g, ", key, value);
    else
        json("\"%s\": null, ", key);
}

static void print_verdict(const struct bench_verdict *v, bool first)
{
    printf("  %3d  %-58s %9.3f %s %s %-8.4g %s\n", v->row, v->what, v->figure, v->unit,
           v->at_least ? ">=" : "<=", v->bound, is_met(v) ? "met" : "MISSED");
    json("%s\n  {\"row\": %d, \"what\": \"%s\", ", first ? "" : ",", v->row, v->what);
    json_figure("value", v->value);
    json_figure("other", v->other);
    json_figure("figure", v->figure);
    json("\"measured_unit\": \"%s\", \"unit\": \"%s\", ", v->measured_unit, v->unit);
    json("\"bound\": %.9g, \"relation\": \"%s\", \"met\": %s}", v->bound,
         v->at_least ? ">=" : "<=", is_met(v) ? "true" : "false");
}

void bench_print_end(bool good)
{
    printf("\ntargets, %s\n", shm_backend());
    json("],\n \"targets\": [");
    for (int i = 0; i < printed.nverdicts; i++)
        print_verdict(&printed.verdicts[i], i == 0);
    json("],\n \"remarks\": [");
    for (int i = 0; i < printed.nremarks; i++)
        json("%s\"%s\"", i > 0 ? ", " : "", printed.remarks[i]);
    json("], \"good\": %s}\n", good ? "true" : "false");
}
