package whatif

import "slices"

// smallest leaves out the scenarios in which a node or a zone fails where the
// failure of less would do.
func smallest(m *model, all []Scenario) []Scenario {
	var kept []Scenario
	for _, x := range all {
		if !slices.ContainsFunc(all, func(y Scenario) bool { return m.within(y.Events, x.Events) }) {
			kept = append(kept, x)
		}
	}
	return kept
}

// within reports whether ys, not the same as xs, are as many events, each of
// which is one of xs or a part of one.
func (m *model) within(ys, xs []Event) bool {
	if slices.Equal(ys, xs) || len(ys) != len(xs) {
		return false
	}
	left := slices.Clone(xs)
	for _, y := range ys {
		n := slices.IndexFunc(left, func(x Event) bool { return x == y })
		if n < 0 {
			n = slices.IndexFunc(left, func(x Event) bool { return m.part(y, x) })
		}
		if n < 0 {
			return false
		}
		left = slices.Delete(left, n, n+1)
	}
	return true
}

// part reports whether failure y takes a part of what failure x takes, and is of
// a smaller kind.
func (m *model) part(y, x Event) bool {
	failures := []Kind{PodLoss, NodeLoss, ZoneLoss}
	ky, kx := slices.Index(failures, y.Kind), slices.Index(failures, x.Kind)
	if ky < 0 || ky >= kx {
		return false
	}
	var sy, sx = m.after([]Event{y}, nil), m.after([]Event{x}, nil)
	for n := range sy.lost {
		if _, also := sx.lost[n]; !also {
			return false
		}
	}
	return len(sy.lost) > 0
}
