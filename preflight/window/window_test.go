package window

import (
	"testing"
	"time"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

func TestNextEnd(t *testing.T) {
	at := func(s string) time.Time {
		parsed, err := time.Parse("2006-01-02 15:04", s)
		if err != nil {
			t.Fatal(err)
		}
		return parsed
	}
	monday := at("2026-11-23 02:00")
	for name, c := range map[string]struct {
		start, end, rule string
		want             string
	}{
		"weekend":                          {"2025-09-06 01:00", "2025-09-06 07:00", "FREQ=WEEKLY;BYDAY=SA,SU", "2026-11-28 07:00"},
		"today, under way":                 {"2025-09-01 01:00", "2025-09-01 07:00", "FREQ=WEEKLY;BYDAY=MO", "2026-11-23 07:00"},
		"over for today":                   {"2025-09-01 00:00", "2025-09-01 02:00", "FREQ=DAILY", "2026-11-24 02:00"},
		"began yesterday":                  {"2025-09-01 22:00", "2025-09-02 04:00", "FREQ=DAILY", "2026-11-23 04:00"},
		"begins next month":                {"2026-12-05 01:00", "2026-12-05 07:00", "FREQ=WEEKLY;BYDAY=SA", "2026-12-05 07:00"},
		"once, still to come":              {"2026-12-05 01:00", "2026-12-05 07:00", "", "2026-12-05 07:00"},
		"once, and over":                   {"2026-11-05 01:00", "2026-11-05 07:00", "", ""},
		"every other week":                 {"2025-09-06 01:00", "2025-09-06 07:00", "FREQ=WEEKLY;INTERVAL=2;BYDAY=SA", "2026-11-28 07:00"},
		"the first Saturday of each month": {"2025-09-06 01:00", "2025-09-06 07:00", "FREQ=MONTHLY;BYDAY=1SA", "2026-12-05 07:00"},
		"weekly, on the day of the first":  {"2025-09-06 01:00", "2025-09-06 07:00", "FREQ=WEEKLY", "2026-11-28 07:00"},
		"no more":                          {"2025-09-06 01:00", "2025-09-06 07:00", "FREQ=DAILY;UNTIL=20260101T000000Z", ""},
		"never":                            {"2025-09-06 01:00", "2025-09-06 07:00", "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", ""},
		"by the second":                    {"2025-09-06 01:00", "2025-09-06 07:00", "FREQ=SECONDLY", ""},
		"no rule":                          {"2025-09-06 01:00", "2025-09-06 07:00", "on Sundays", ""},
		"ends before it begins":            {"2025-09-06 07:00", "2025-09-06 01:00", "FREQ=DAILY", ""},
	} {
		end, ok := nextEnd(facts.MaintenanceWindow{Start: at(c.start), End: at(c.end), Recurrence: c.rule}, monday)
		if !ok {
			end = time.Time{}
		}
		want := time.Time{}
		if c.want != "" {
			want = at(c.want)
		}
		if !end.Equal(want) {
			t.Errorf("%s: %v, want %v", name, end, want)
		}
	}
}
