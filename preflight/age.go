package preflight

import (
	"fmt"
	"time"
)

// Age is how old what was seen is at the time that r is drawn up for; zero where
// that was not kept, as in reports of earlier versions.
func (r Report) Age() time.Duration {
	if r.AsOf.IsZero() || r.CollectedAt.IsZero() {
		return 0
	}
	return max(0, r.AsOf.Sub(r.CollectedAt))
}

// Words are an age for a person, in the largest unit of which it has at least two:
// 25 hours, 3 days, 2 years.
func Words(age time.Duration) string {
	const day = 24 * time.Hour
	for _, unit := range []struct {
		length time.Duration
		name   string
	}{{365 * day, "years"}, {day, "days"}, {time.Hour, "hours"}, {time.Minute, "minutes"}} {
		if n := age / unit.length; n >= 2 {
			return fmt.Sprintf("%d %s", n, unit.name)
		}
	}
	return fmt.Sprintf("%d seconds", age/time.Second)
}
