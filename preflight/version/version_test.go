package version

import "testing"

func TestParse(t *testing.T) {
	for in, want := range map[string]string{
		"1.36": "1.36", "v1.36.3": "1.36.3", "1.33.2-gke.100": "1.33.2-gke.100",
		"v1.35.4+k3s1": "1.35.4", "1.36.0-alpha.1": "1.36.0", "v1.33.2-gke.100+abc": "1.33.2-gke.100",
	} {
		v, err := Parse(in)
		if err != nil || v.String() != want {
			t.Errorf("Parse(%q) = %v, %v; want %s", in, v, err, want)
		}
	}
	for _, in := range []string{"", "1", "latest", "1.x", "1.36.3.4", "1.36-gke.1", "1.36.3-gke.x", "1..3", "-1.2", "1.+2"} {
		if v, err := Parse(in); err == nil {
			t.Errorf("Parse(%q) = %v, want an error", in, v)
		}
	}
}

func TestCompare(t *testing.T) {
	ascending := []string{"1.9", "1.33", "1.33.0", "1.33.2", "1.33.2-gke.0", "1.33.2-gke.100", "1.33.2-gke.1100", "1.33.10", "1.34", "2.0"}
	for i := range ascending[1:] {
		a, _ := Parse(ascending[i])
		b, _ := Parse(ascending[i+1])
		if Compare(a, b) >= 0 || Compare(b, a) <= 0 || Compare(a, a) != 0 {
			t.Errorf("%s is not ordered before %s", a, b)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"1.36", "v1.36.3", "1.33.2-gke.100", "1.2.3-", "v"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		v, err := Parse(s)
		if err != nil {
			return
		}
		again, err := Parse(v.String())
		if err != nil || again != v {
			t.Errorf("Parse(%q) = %+v, and its own form reads as %+v, %v", s, v, again, err)
		}
	})
}
