package main

import (
	"slices"
	"testing"
)

func TestCompare(t *testing.T) {
	released := []string{
		"v1.9.0", "v1.35.9", "v1.35.10", "v1.36.3", "v1.37.0-alpha.1", "v1.37.0", "v1.37.1-rc.0",
		"v1.38.0-beta.0", "v1.38.1", "v1.38.0", "v1.38.2-rc.0", "v1.39.0-alpha.2", "v1.39.0-alpha.10",
	}
	got, err := compare(released, []string{"1.35.4", "1.36.3", "1.37.0"})
	want := []news{
		{coming, "1.39", "1.39.0-alpha.10", ""},
		{minor, "1.38", "1.38.1", ""},
		{patch, "1.35", "1.35.10", "1.35.4"},
	}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%v, %v; want %v", got, err, want)
	}
	if got, err := compare([]string{"v1.37.0", "v1.38.0-beta.0"}, []string{"1.37.0"}); err != nil || len(got) != 1 || got[0].kind != coming {
		t.Errorf("where nothing is missing: %v, %v", got, err)
	}
	if _, err := compare([]string{"newest"}, nil); err == nil {
		t.Error("what is no version is taken for one")
	}
}
