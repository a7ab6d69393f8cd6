package render

// grouped collects neighbours with the same key; all is sorted so that equal
// keys are neighbours.
func grouped[T any](all []T, key func(T) string) [][]T {
	var groups [][]T
	for i, t := range all {
		if i == 0 || key(all[i-1]) != key(t) {
			groups = append(groups, nil)
		}
		groups[len(groups)-1] = append(groups[len(groups)-1], t)
	}
	return groups
}
