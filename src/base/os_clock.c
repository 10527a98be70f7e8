/* base/os_clock.c - clocks, and dates as text.
 *
 * Dates are computed from day numbers (Hinnant, "chrono-compatible low-level date algorithms"): no
 * time zone database, no locale, the same on every machine.
 */
#include "base/os.h"
#include "base/str.h"
#include <errno.h>
#include <string.h>
#include <time.h>

#define DAY_US INT64_C(86400000000)

int64_t os_now_us(void)
{
    struct timespec t;
    BUG_IF(clock_gettime(CLOCK_REALTIME, &t) != 0);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

int64_t os_monotonic_ns(void)
{
    struct timespec t;
    BUG_IF(clock_gettime(CLOCK_MONOTONIC, &t) != 0);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

void os_sleep_ms(int ms)
{
    struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};
    while (nanosleep(&t, &t) != 0 && errno == EINTR) {
    }
}

/* Days since 1970-01-01 of a date of the Gregorian calendar, and back. */
static int64_t days_of(int year, int month, int day)
{
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t era = (y >= 0 ? y : y - 399) / 400, yoe = y - era * 400;
    int64_t doy = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

static void date_of(int64_t days, int *year, int *month, int *day)
{
    int64_t z = days + 719468, era = (z >= 0 ? z : z - 146096) / 146097, doe = z - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;
    *day = (int)(doy - (153 * mp + 2) / 5 + 1);
    *month = (int)(mp < 10 ? mp + 3 : mp - 9);
    *year = (int)(yoe + era * 400 + (*month <= 2));
}

void os_time_text(int64_t us, char out[32])
{
    int64_t past = us % DAY_US, days = us / DAY_US - (past < 0), left = past + DAY_US * (past < 0);
    int year, month, day, s = (int)(left / 1000000);
    date_of(days, &year, &month, &day);
    str_format(out, 32, "%04d-%02d-%02dT%02d:%02d:%02dZ", year, month, day, s / 3600, s / 60 % 60,
               s % 60);
}

/* Reads the pattern (0 for a digit, everything else itself); the numbers between the signs land in
 * `out`. */
static bool read_pattern(const char *s, const char *pattern, int *out)
{
    if (strlen(s) != strlen(pattern)) return false;
    int v = 0;
    for (; *pattern; s++, pattern++) {
        if (*pattern == '0') {
            if (*s < '0' || *s > '9') return false;
            v = v * 10 + (*s - '0');
            if (pattern[1] != '0') {
                *out++ = v;
                v = 0;
            }
        } else if (*s != *pattern) {
            return false;
        }
    }
    return true;
}

enum err_code os_time_parse(const char *s, int64_t *ret_us, struct err *err)
{
    static const int DAYS[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int f[6] = {0};
    bool read = read_pattern(s, "0000-00-00", f) || read_pattern(s, "0000-00-00T00:00:00Z", f);
    bool leap = (f[0] % 4 == 0 && f[0] % 100 != 0) || f[0] % 400 == 0;
    if (!read || f[1] < 1 || f[1] > 12 || f[2] < 1 || f[2] > DAYS[f[1] - 1] + (f[1] == 2 && leap) ||
        f[3] > 23 || f[4] > 59 || f[5] > 59) {
        err_set(err, ERR_BAD_INPUT, "\"%.40s\" is not a date", s);
        return err_hint(err, "write 2027-02-21 or 2027-02-21T09:30:00Z (UTC)");
    }
    *ret_us = days_of(f[0], f[1], f[2]) * DAY_US +
              ((int64_t)f[3] * 3600 + f[4] * 60 + f[5]) * INT64_C(1000000);
    return ERR_OK;
}
