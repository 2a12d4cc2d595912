package schema

// Judge is Validate without the prover, for the tests that ask both.
func (v *Validator) Judge(raw []byte) ([]byte, error) { return v.judge(raw) }
