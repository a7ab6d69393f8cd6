module github.com/gke-preflight/gke-preflight/testdata/vet

go 1.26.0

require (
	github.com/nishanths/exhaustive v0.17.1
	golang.org/x/tools v0.52.0
)

require (
	github.com/google/go-cmp v0.7.0 // indirect
	golang.org/x/sync v0.24.0 // indirect
)
