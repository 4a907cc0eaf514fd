import { DocumentError, notImplemented } from '../errors.ts';

/** The expressions MongoDB has and this server has not. */
const known = new Set(
  `$accumulator $acos $acosh $allElementsTrue $anyElementTrue $arrayToObject $asin $asinh $atan $atan2 $atanh
  $binarySize $bitAnd $bitNot $bitOr $bitXor $bsonSize $cos $cosh $dateAdd $dateDiff $dateFromParts $dateFromString
  $dateSubtract $dateToParts $dateTrunc $degreesToRadians $exp $firstN $function $getField $indexOfArray $indexOfBytes
  $indexOfCP $lastN $ln $log $log10 $ltrim $maxN $median $meta $minN $percentile $pow $radiansToDegrees
  $rand $regexFind $regexFindAll $regexMatch $replaceAll $replaceOne $rtrim $sampleRate $setEquals $setField
  $setIsSubset $sin $sinh $sortArray $sqrt $stdDevPop $stdDevSamp $strcasecmp $substr $substrBytes $tan $tanh $toHashedIndexKey
  $toUUID $trim $tsIncrement $tsSecond $unsetField $zip`.split(/\s+/),
);

/** Whether MongoDB has an expression of this name that this server has not. */
export const isUnsupported = (name: string): boolean => known.has(name);

/** The refusal of an expression that this server does not have, or nobody. */
export const unsupported = (name: string): DocumentError =>
  known.has(name)
    ? notImplemented(`the expression ${name}`)
    : new DocumentError('InvalidPipelineOperator', `Unrecognized expression '${name}'`);
