package kube

import (
	"cmp"
	"fmt"

	"golang.org/x/sync/errgroup"
)

// each reads for all of in at the same time and returns the parts in the order
// of in, or the first error in that order.
func each[I, V any](in []I, read func(I) ([]V, error)) ([]V, error) {
	parts := make([][]V, len(in))
	errs := make([]error, len(in))
	var g errgroup.Group
	for i, x := range in {
		g.Go(func() error {
			parts[i], errs[i] = read(x)
			return nil
		})
	}
	_ = g.Wait()
	if err := cmp.Or(errs...); err != nil {
		return nil, err
	}
	out := []V{}
	for _, p := range parts {
		out = append(out, p...)
	}
	return out, nil
}

// dependent says that a fact can't be read because another could not be.
func dependent(consequence string, err error) error {
	return fmt.Errorf("%s: %w", consequence, err)
}
