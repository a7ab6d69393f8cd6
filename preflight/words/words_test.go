package words

import "testing"

func TestSome(t *testing.T) {
	for want, all := range map[string][]string{"": nil, "a": {"a"}, "a, b, c": {"a", "b", "c"}, "a, b and 2 more": {"a", "b", "c", "d"}} {
		if got := Some(all, 2); got != want {
			t.Errorf("%v is %q, want %q", all, got, want)
		}
	}
	if got := Count(1, "hook") + ", " + Count(0, "hook"); got != "1 hook, 0 hooks" {
		t.Error(got)
	}
}
