# Two commands. The steps stand in run.sh, which serves where make is missing.
.PHONY: run test lock

run test lock:
	@sh run.sh $@
