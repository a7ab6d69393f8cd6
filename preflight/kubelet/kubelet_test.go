package kubelet

import (
	"slices"
	"testing"
	"time"
)

const s = time.Second

func writes(n int, each time.Duration) []time.Duration {
	return slices.Repeat([]time.Duration{each}, n)
}

// TestForetellAsMeasured holds what is foretold against what real API servers came to
// under a supervisor of the same values, from 1.35.4 to 1.36.3, and against what was
// computed by hand from their lives.
func TestForetellAsMeasured(t *testing.T) {
	for name, c := range map[string]struct {
		works        []Work
		fewest, most int
		endless      bool
		// measured are the times after which replicas were ready, one to two seconds after
		// their last hook was done; none where no such start was made.
		measured []time.Duration
	}{
		"five ClusterRoles fail open after 20 s":    {[]Work{{Once: writes(5, 20*s)}}, 1, 2, false, []time.Duration{106 * s, 119 * s}},
		"thirteen of them":                          {[]Work{{Once: writes(13, 20*s)}}, 4, 6, false, []time.Duration{600 * s}},
		"everything fails open after 5 s":           {[]Work{{Once: writes(5, 5*s)}, {Once: writes(4, 5*s)}}, 0, 0, false, []time.Duration{28 * s}},
		"everything is answered after 3 s":          {[]Work{{Once: writes(6, 3*s)}}, 0, 0, false, []time.Duration{20 * s}},
		"the incident":                              {[]Work{{Once: writes(3, 0), Fails: true}}, 0, 0, true, nil},
		"three writes of 13 s end within the probe": {[]Work{{Once: writes(3, 13*s)}}, 0, 1, false, nil},
		"what every start does anew takes 30 s":     {[]Work{{Anew: 30 * s}}, 0, 0, false, nil},
		"what every start does anew takes 50 s":     {[]Work{{Anew: 50 * s}}, 0, 0, true, nil},
		"one write of 33 s, and what waits for it": {[]Work{{Hook: "first", Once: writes(1, 33*s)}, {Hook: "second", WaitsFor: "first", Once: writes(1, 10*s)}},
			0, 1, false, nil},
		"a thousand writes of 20 s": {[]Work{{Once: writes(1000, 20*s)}}, 0, 0, true, nil},
	} {
		low, high := Foretell(c.works, 500*time.Millisecond), Foretell(c.works, 4*s)
		both := low.or(high)
		if both.Fewest != c.fewest || both.Most != c.most || both.Endless != c.endless {
			t.Errorf("%s: restarted %d to %d times, endless %t; want %d to %d, %t", name, both.Fewest, both.Most, both.Endless, c.fewest, c.most, c.endless)
		}
		for _, m := range c.measured {
			if m < both.Done.Min+s || m > both.Done.Max+20*s {
				t.Errorf("%s: done after %v to %v; measured was %v", name, both.Done.Min, both.Done.Max, m)
			}
		}
	}
}

// TestLivesAsMeasured holds the lives of the incident against those of a real replica:
// it was asked to end after 40 s of each, and gone after 70.
func TestLivesAsMeasured(t *testing.T) {
	var from Range
	for n, began := range []time.Duration{0, 70 * s, 151 * s, 242 * s, 352 * s} {
		if began < from.Min || began > from.Max+3*s {
			t.Errorf("life %d begins after %v to %v; measured was %v", n, from.Min, from.Max, began)
		}
		l := live([]Work{{Once: writes(1, 0), Fails: true}}, 2*s, 40*s)
		if l.live || l.gone != (Range{40 * s, 70 * s}) {
			t.Errorf("life %d: %+v", n, l)
		}
		from = from.plus(l.gone).plus(Range{Pause(n), Pause(n)})
	}
	if p := Pause(20); p != 300*s {
		t.Errorf("after many lives the pause is %v", p)
	}
}

// TestProgressIsKept takes from the model what it goes by: that what a life wrote stays.
// Without, a start that is slow never ends.
func TestProgressIsKept(t *testing.T) {
	slow := []Work{{Once: writes(5, 20*s)}}
	if c := Foretell(slow, 2*s); c.Endless {
		t.Errorf("five slow writes: %+v", c)
	}
	if c := Foretell([]Work{{Anew: 100 * s}}, 2*s); !c.Endless || c.Ends() {
		t.Errorf("five slow writes that each start makes: %+v", c)
	}
}
