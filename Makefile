# The commands of run.sh, which serves alone where make is missing.
.PHONY: run test build lock

run test build lock:
	@sh run.sh $@
