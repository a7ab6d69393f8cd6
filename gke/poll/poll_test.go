package poll_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/gke-preflight/gke-preflight/gke/poll"
	"github.com/gke-preflight/gke-preflight/preflight/watch"
)

// The first source answers only when the second has been looked at five times: if
// one held the other up, this would not end.
func TestSlowSourceHoldsUpNoOther(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	enough := make(chan struct{})
	looks := 0
	sources := []poll.Source{
		{Name: watch.Nodes, Every: time.Hour, Timeout: time.Hour, Look: func(context.Context, *watch.Observation) error {
			<-enough
			return nil
		}},
		{Name: watch.API, Every: time.Millisecond, Timeout: time.Hour, Look: func(context.Context, *watch.Observation) error {
			if looks++; looks == 5 {
				close(enough)
			}
			return nil
		}},
	}
	seen := map[watch.Source]int{}
	poll.Run(ctx, sources, func(o watch.Observation) {
		seen[o.Source]++
		if o.At.IsZero() || o.Error != "" {
			t.Errorf("observed %+v", o)
		}
		if o.Source == watch.Nodes {
			cancel()
		}
	})
	if seen[watch.Nodes] != 1 || seen[watch.API] < 4 {
		t.Errorf("observed %v", seen)
	}
}

// What fails is an observation with nothing but the error; a look that hangs is
// bounded; a source that is looked at once is looked at until that has succeeded.
func TestFailures(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	looks := 0
	var seen []watch.Observation
	poll.Run(ctx, []poll.Source{{Name: watch.Forecast, Every: time.Millisecond, Timeout: 20 * time.Millisecond, Once: true, Look: func(ctx context.Context, o *watch.Observation) error {
		o.Leases = []watch.Lease{{Name: "half read"}}
		switch looks++; looks {
		case 1:
			return errors.New("refused")
		case 2:
			<-ctx.Done()
			return ctx.Err()
		}
		return nil
	}}}, func(o watch.Observation) { seen = append(seen, o) })
	if len(seen) != 3 || seen[0].Error != "refused" || seen[0].Leases != nil || seen[1].Error != context.DeadlineExceeded.Error() || seen[2].Error != "" || len(seen[2].Leases) != 1 {
		t.Errorf("observed %+v", seen)
	}
}
