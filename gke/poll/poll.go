// Package poll looks at several sources again and again, each at its own pace.
package poll

import (
	"context"
	"sync"
	"time"

	"github.com/gke-preflight/gke-preflight/preflight/watch"
)

// A Source is something to look at.
type Source struct {
	Name watch.Source
	// Every is the time from one look to the next. A look that takes long makes it
	// longer, so that no server is busy with it for more than half of the time.
	Every time.Duration
	// Timeout bounds each look.
	Timeout time.Duration
	// Once says that one look that succeeds is enough.
	Once bool
	// Look fills in the observation; its error becomes part of it.
	Look func(context.Context, *watch.Observation) error
}

// Run looks at the sources side by side until ctx is done: one that is slow holds
// up no other. It calls each for one observation at a time, and returns when
// nothing is under way any more.
func Run(ctx context.Context, sources []Source, each func(watch.Observation)) {
	var wg sync.WaitGroup
	var mu sync.Mutex
	for _, s := range sources {
		wg.Go(func() {
			for ctx.Err() == nil {
				began := time.Now()
				o := s.observe(ctx)
				took := time.Since(began)
				if ctx.Err() != nil {
					return
				}
				mu.Lock()
				each(o)
				mu.Unlock()
				if s.Once && o.Error == "" {
					return
				}
				pause(ctx, max(s.Every-took, took))
			}
		})
	}
	wg.Wait()
}

func (s Source) observe(ctx context.Context) watch.Observation {
	ctx, cancel := context.WithTimeout(ctx, s.Timeout)
	defer cancel()
	o := watch.Observation{Source: s.Name}
	if err := s.Look(ctx, &o); err != nil {
		o = watch.Observation{Source: s.Name, Error: err.Error()}
	}
	o.At = time.Now().UTC()
	return o
}

func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}
