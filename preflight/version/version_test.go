package version

import "testing"

func TestParse(t *testing.T) {
	for in, want := range map[string]string{
		"1.36": "1.36", "v1.36.3": "1.36.3", "1.33.2-gke.100": "1.33.2-gke.100",
		"v1.35.4+k3s1": "1.35.4", "1.36.0-alpha.1": "1.36.0", "1.036": "1.36", "1.36+": "1.36", "v1.33.2-gke.100+abc": "1.33.2-gke.100",
	} {
		v, err := Parse(in)
		if err != nil || v.String() != want {
			t.Errorf("Parse(%q) = %v, %v; want %s", in, v, err, want)
		}
	}
	for _, in := range []string{"", "1", "latest", "1.x", "1.36.3.4", "1.36-gke.1", "1.36.3-gke.x", "1..3", "-1.2", "1.+2",
		"-", "1.36.", "1.36.3-", "1.36.3-gke", "1.36.3-gke.", "1.36.3-gke.1.2", "1.36.3-gke.-1", "1.36 ", "vv1.36", "1.99999999999999999999", "1.3\u0666"} {
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

func TestOlder(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"1.35", "1.35.4", false}, {"1.35.4", "1.35", false}, {"1.34.9", "1.35", true},
		{"1.35.4", "1.35.4-gke.1", false}, {"1.35.4-gke.1", "1.35.4", false}, {"1.35.4-gke.1", "1.35.4-gke.10", true},
		{"1.35.3-gke.9", "1.35.4", true}, {"1.35.4", "1.35.4", false},
	} {
		a, _ := Parse(c.a)
		b, _ := Parse(c.b)
		if got := Older(a, b); got != c.want {
			t.Errorf("Older(%s, %s) = %t", a, b, got)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"1.36", "v1.36.3", "1.33.2-gke.100", "1.2.3-", "v", "-", "latest", "1.36.0-alpha.1+x"} {
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
