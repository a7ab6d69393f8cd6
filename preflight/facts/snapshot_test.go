package facts

import "testing"

// An answer without what each cluster has was cut short on its way, and is none.
func TestAnswerOfNoCluster(t *testing.T) {
	for _, all := range [][]Namespace{nil, {}, {{Name: "default"}}} {
		s := Observed(Meta{}, Present(Namespaces, all))
		if a, absent := s.Absence(Namespaces); !absent || a.Reason != Failed {
			t.Errorf("%v counts as all namespaces", all)
		}
	}
	if _, present := Namespaces.Get(Observed(Meta{}, Present(Namespaces, []Namespace{{Name: "kube-system"}}))); !present {
		t.Error("an answer with kube-system does not count")
	}
}
